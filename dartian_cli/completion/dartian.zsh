#compdef dartian
# Tab completes what dartian takes. In ~/.zshrc, after compinit: eval "$(dartian completion zsh)"

_dartian() {
    local found
    local -a offers ending
    if found=$("${(Q)words[1]}" --complete zsh "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null); then
        offers=("${(@f)found}")
        [[ ${offers[1]%%:*} == *= ]] && ending=(-S '')  # a field, whose value follows
        [[ -n $found ]] && _describe dartian offers "${ending[@]}"
    else
        compset -P '*='
        _files
    fi
}

if [[ $funcstack[1] == _dartian ]]; then
    _dartian "$@"
else
    compdef _dartian dartian
fi
