# SPDX-License-Identifier: BSD-2-Clause
# bash completion of firecurtain; names come from the running broker
_firecurtain_names() {
    local where=() i
    for ((i = 1; i < COMP_CWORD - 1; i++)); do
        [ "${COMP_WORDS[i]}" != --runtime-dir ] || where=(--runtime-dir "${COMP_WORDS[i + 1]}")
    done
    firecurtain status --json "${where[@]}" 2>/dev/null | sed -n 's/^[[ ]*{"name": "\([^"]*\)".*/\1/p'
}

# users who have instances
_firecurtain_users() {
    _firecurtain_names | sed -n 's/\/.*//p' | sort -u
}

_firecurtain() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    local commands='run check status top start stop restart reload logs watch emit routes get channels freeze unfreeze record replay'
    COMPREPLY=()
    case $before in
    --runtime-dir)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    --record | --max-size | --speed)
        [ "$before" = --speed ] && mapfile -t COMPREPLY < <(compgen -W 'max 1 2 4' -- "$word")
        [ "$before" = --record ] && mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --log-level)
        mapfile -t COMPREPLY < <(compgen -W 'error warning info debug' -- "$word")
        return
        ;;
    esac
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
        get | channels) options="$options --json" ;;
        logs) options="$options -f --follow -n --lines" ;;
        record) options="$options --print --json --max-size" ;;
        replay) options="$options -b -i --log-level --record --max-size --speed --mute" ;;
        watch) options="$options --time" ;;
        top | start | stop | restart | reload | freeze | unfreeze | emit) ;;
        *) options="$options -b -i --log-level --record --max-size --insecure-no-sandbox" ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        return
    fi
    case $command in
    run | check) mapfile -t COMPREPLY < <(compgen -f -X '!*.cfg' -- "$word"; compgen -d -- "$word") ;;
    record | replay) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    status | start | stop | restart | logs | channels) mapfile -t COMPREPLY < <(compgen -W "$(_firecurtain_names)" -- "$word") ;;
    reload | freeze | unfreeze) mapfile -t COMPREPLY < <(compgen -W "$(_firecurtain_users)" -- "$word") ;;
    watch | get | emit | routes) mapfile -t COMPREPLY < <(compgen -W "$(_firecurtain_names)" -S . -- "$word") ;;
    esac
}

complete -F _firecurtain firecurtain
