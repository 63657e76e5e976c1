#compdef msdoctor kubectl-msdoctor
# zsh completion for msdoctor, from `msdoctor completion zsh`

_msdoctor() {
    local program=${(Q)words[1]} line value directive=0 found=1
    local -a answer spaced unspaced
    answer=("${(@f)$("${program/#\~\//$HOME/}" __complete --quoted -- "${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")

    for line in $answer; do
        if [[ $line == :<-> ]]; then
            directive=${line#:}
            continue
        fi
        value=${line%%$'\t'*}
        line=${value//:/\\:}:${${line#$value}#$'\t'}
        if [[ $value == *[/=:,] ]]; then
            unspaced+=($line)
        else
            spaced+=($line)
        fi
    done

    (( $#spaced )) && _describe -t values value spaced && found=0
    (( $#unspaced )) && _describe -t values value unspaced -S '' && found=0
    # The same bits as cobra's: 4 no files, 16 directories only.
    if (( ! $#spaced && ! $#unspaced )); then
        if (( directive & 16 )); then
            _files -/ && found=0
        elif (( ! (directive & 4) )); then
            _files && found=0
        fi
    fi
    return found
}

if [[ $funcstack[1] == _msdoctor ]]; then # a file in fpath
    _msdoctor "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _msdoctor msdoctor kubectl-msdoctor
fi
