# SPDX-License-Identifier: BSD-2-Clause
# bash completion of firecurtain; names come from the running broker
# prints the options that say which broker to ask
_firecurtain_where() {
    local i
    for ((i = 1; i < COMP_CWORD - 1; i++)); do
        [ "${COMP_WORDS[i]}" != --runtime-dir ] || printf '%s\n' --runtime-dir "${COMP_WORDS[i + 1]}"
    done
}

# prints the names in the JSON that a command prints
_firecurtain_ask() { # name of the field, command
    local field=$1 where
    shift
    mapfile -t where < <(_firecurtain_where)
    firecurtain "$@" --json "${where[@]}" 2>/dev/null | sed -n 's/^[[ ]*{"'"$field"'": "\([^"\\]*\)".*/\1/p'
}

_firecurtain_names() {
    _firecurtain_ask name status
}

# users who have instances
_firecurtain_users() {
    _firecurtain_names | sed -n 's/\/.*//p' | sort -u
}

# instances with a dot, or the channels of the instance that is there already
_firecurtain_channels() { # word
    case $1 in
    *.*) _firecurtain_ask channel channels "${1%%.*}" ;;
    *) _firecurtain_names | sed 's/$/./' ;;
    esac
}

# private folders that no show has any more
_firecurtain_gone() {
    firecurtain state --json 2>/dev/null |
        sed -n '/"use": "\(gone\|unknown\)"/s/^[[ ]*{"name": "\([^"\\]*\)".*/\1/p'
}

# Takes from stdin what begins with the word, as it is: names of channels may hold anything, even $(…), which `compgen -W`
# would run. What is before the last colon is there already, where colons end words.
_firecurtain_offer() { # word
    local word=$1 name cut=
    case $COMP_WORDBREAKS in
    *:*) [ "$word" = "${word%:*}" ] || cut=${word%:*}: ;;
    esac
    while IFS= read -r name; do
        [ "${name#"$word"}" = "$name" ] && [ -n "$word" ] || COMPREPLY+=("$(printf %q "${name#"$cut"}")")
    done
}

# files with this ending, and folders on the way to them
_firecurtain_files() { # word ending
    compopt -o filenames 2>/dev/null || :
    mapfile -t COMPREPLY < <(compgen -f -X "!*$2" -- "$1"; compgen -d -- "$1")
}

# the word at the cursor; bash has split it at its colons
_firecurtain_word() {
    local before=${COMP_LINE:0:COMP_POINT}
    before=${before##*[[:blank:]]}
    if [ "$before" != "${before#*:}" ]; then
        printf '%s' "$before"
    else
        printf '%s' "${COMP_WORDS[COMP_CWORD]}"
    fi
}

_firecurtain() {
    local word before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    local commands='run check init doctor status top start stop restart reload logs watch emit routes get channels freeze unfreeze panic record replay state console'
    word=$(_firecurtain_word)
    COMPREPLY=()
    case $before in
    --runtime-dir)
        compopt -o filenames 2>/dev/null || :
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    --record | --max-size | --speed)
        [ "$before" = --speed ] && mapfile -t COMPREPLY < <(compgen -W 'max 1 2 4' -- "$word")
        [ "$before" = --record ] && _firecurtain_files "$word" ''
        return
        ;;
    --role)
        mapfile -t COMPREPLY < <(compgen -W 'observer operator administrator' -- "$word")
        return
        ;;
    --for | --revoke)
        return
        ;;
    --log-format)
        mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$word")
        return
        ;;
    --log-level)
        mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$word")
        return
        ;;
    esac
    if [ "$COMP_CWORD" = 1 ] && [ "$word" != "${word#*/}" ]; then
        _firecurtain_files "$word" .cfg
        return
    fi
    if [ "$COMP_CWORD" = 1 ] && [ "${word#-}" = "$word" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word"; compgen -f -X '!*.cfg' -- "$word")
        return
    fi
    if [ "${word#-}" != "$word" ]; then
        local options='--help --version --runtime-dir'
        case $command in
        check) options="$options -b -i --log-level --sandbox" ;;
        status) options="$options --json --usage --channels" ;;
        routes) options="$options --json --dot" ;;
        get | channels | doctor) options="$options --json" ;;
        logs) options="$options --json -f --follow -n --lines" ;;
        record) options="$options --print --json --max-size" ;;
        replay) options="$options -b -i --log-level --log-format --record --max-size --speed --mute" ;;
        watch) options="$options --time" ;;
        console) options="$options --role --for --pin --list --revoke" ;;
        state) options='--help --version --json --remove' ;;
        top | init | start | stop | restart | reload | freeze | unfreeze | panic | emit) ;;
        *) options="$options -b -i --log-level --log-format --record --max-size --insecure-no-sandbox" ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
    fi
    case $command in
    run | check) _firecurtain_files "$word" .cfg ;;
    init) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    record | replay) _firecurtain_files "$word" '' ;;
    status | start | stop | restart | logs | channels) _firecurtain_offer "$word" < <(_firecurtain_names) ;;
    state) _firecurtain_offer "$word" < <(_firecurtain_gone) ;;
    reload | freeze | unfreeze) _firecurtain_offer "$word" < <(_firecurtain_users) ;;
    watch | get | emit | routes)
        compopt -o nospace 2>/dev/null || :
        _firecurtain_offer "$word" < <(_firecurtain_channels "$word")
        ;;
    esac
}

complete -F _firecurtain firecurtain
