# bash completion for msdoctor, from `msdoctor completion bash`             -*- shell-script -*-

_msdoctor() {
    # bash splits words at : and = too: whatever no blank stands between is put together again, up to the cursor.
    local rest=${COMP_LINE:0:COMP_POINT} blank word i last=-1 words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        blank=${rest%%[![:space:]]*}
        rest=${rest:${#blank}}
        word=${COMP_WORDS[i]}
        ((i == COMP_CWORD)) && word=$rest
        if ((last < 0)) || [[ -n $blank ]]; then
            words[++last]=$word
        else
            words[last]+=$word
        fi
        rest=${rest:${#word}}
    done

    # What stands before the part that bash will replace.
    local before=${words[last]%"$word"}
    [[ $word == [:=@] ]] && before=${words[last]}
    [[ $word == ?*[\"\']* ]] && before=${words[last]%%[\"\']*}

    local answer line directive=0
    answer=$("${1/#\~\//$HOME/}" __complete --quoted -- "${words[@]:1}" 2>/dev/null) || return
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line =~ ^:[0-9]+$ ]]; then
            directive=${line#:}
        elif [[ -n $line ]]; then
            line=${line%%$'\t'*}
            line=${line#"$before"}
            [[ $word != *[\"\']* && $line == *[^[:alnum:]_./:=,@%+-]* ]] && printf -v line %q "$line"
            COMPREPLY[${#COMPREPLY[@]}]=$line
        fi
    done <<<"$answer"

    # The same bits as cobra's: 2 no space behind it, 4 no files, 16 directories only. Old bash has no compopt.
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 4)) && compopt +o default 2>/dev/null
    ((directive & 16)) && compopt +o default -o dirnames -o filenames 2>/dev/null
    return 0
}

complete -o default -F _msdoctor msdoctor kubectl-msdoctor
