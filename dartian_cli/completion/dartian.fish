# Tab completes what dartian takes. Once: dartian completion fish > ~/.config/fish/completions/dartian.fish

function __dartian_offers
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --current-token --cut-at-cursor | string replace --regex '^["\']' '')
    if not $words[1] --complete fish $words[2..-1] "$current" 2>/dev/null
        set -l field (string match --regex -- '^[^=]*=' "$current")
        string join \n -- "$field"(__fish_complete_path (string replace -- "$field" '' "$current"))
    end
end

complete --command dartian --no-files --keep-order --arguments '(__dartian_offers)'
