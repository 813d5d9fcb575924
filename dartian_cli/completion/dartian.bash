# Tab completes what dartian takes. In ~/.bashrc: eval "$(dartian completion bash)"

_dartian() {
    # The line is handed over as it is: bash breaks its words at colons, and so would it break queue:work.
    local IFS=$'\n' found
    if found=$("$1" --complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null); then
        COMPREPLY=($found)
        [[ $found == *= ]] && compopt -o nospace 2>/dev/null  # a field, whose value follows
    else
        compopt -o default 2>/dev/null
    fi
}

complete -F _dartian dartian
