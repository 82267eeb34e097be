#!/usr/bin/env bash
# The door that the runbooks know to: dagger call secrets
set -euo pipefail
unset CDPATH # which would lead the cd below elsewhere

usage() {
  cat <<'HELP'
Create, verify, rotate, back up or restore the secrets of an environment.

  scripts/deployment/setup-secrets.sh <staging|production|monitoring> <action> [flags]

  create  [--from FILE] [--generate] [--overwrite]   write what is missing; values that are there already stay
  verify                                             say of each key whether it is present, missing, malformed or a placeholder
  rotate  --keys KEY,… [--from FILE] [--generate]    give keys new values and restart what reads them, with nothing down
  backup  --recipients KEY,… [--to FILE]             write an encrypted file (age) that only the recipients can read
  restore --identity FILE [--from FILE] [--overwrite]   bring back what a backup holds; values that are there already stay

  --from FILE        create: an env file of NAME=value lines, .secrets.<environment>.env when left out; rotate: the same, none
                     when left out; restore: the backup, <environment>-secrets.age when left out
  --generate         make random values for keys that allow it and that the file lacks
  --overwrite        replace values in the cluster that differ from the file's
  --keys KEY,…       the keys, as verify lists them
  --recipients KEY,… public keys, as age-keygen prints them: age1…; --recipients-file FILE takes a file of them
  --identity FILE    the secret key of a recipient, as age-keygen wrote it
  --to FILE          where the backup goes, <environment>-secrets.age when left out
  --help             this text

Exit code 0: done, everything is there. 1: not, and the message lists the names. 2: wrong usage.
The same as: dagger call secrets <action> --env <environment> …
HELP
}
refuse() { echo "setup-secrets.sh: $1; see --help" >&2 && exit 2; }
# refuse_word WHAT WORD: what follows a = may be a value, which is not printed.
refuse_word() {
  [[ $2 != *=* ]] || refuse "$1 ${2%%=*}=…; values belong into a file, not on the command line"
  refuse "$1 $2"
}

# What each action takes; a flag that it does not know is wrong usage, not a guess.
declare -A takes=(
  [create]="--from --generate --overwrite"
  [verify]=""
  [rotate]="--keys --from --generate"
  [backup]="--recipients --recipients-file --to"
  [restore]="--identity --from --overwrite"
)

words=()
declare -A given=()
while [ $# -gt 0 ]; do
  flag=${1%%=*}
  case $flag in
    --help | -h) usage && exit 0 ;;
    --generate | --overwrite) given[$flag]=yes ;;
    --from | --keys | --recipients | --recipients-file | --identity | --to)
      if [ "$flag" != "$1" ]; then given[$flag]=${1#*=}; else
        [ $# -gt 1 ] || refuse "$flag needs a value"
        given[$flag]=$2 && shift
      fi
      [ -n "${given[$flag]}" ] || refuse "$flag needs a value" ;;
    -*) refuse_word "unknown flag" "$1" ;;
    *) words+=("$1") ;;
  esac
  shift
done
[ ${#words[@]} -gt 1 ] || { usage >&2 && exit 2; }
[ ${#words[@]} -eq 2 ] || refuse_word unexpected "${words[2]}"
environment=${words[0]} action=${words[1]}
[ -n "$environment" ] || refuse "the environment is empty"
# Not by a look into takes: as a subscript, @ means every action.
case $action in
  create | verify | rotate | backup | restore) ;;
  *) refuse_word "unknown action" "$action" ;;
esac
for flag in "${!given[@]}"; do
  [[ " ${takes[$action]} " == *" $flag "* ]] || refuse "$action takes no $flag"
done

# readable FLAG DEFAULT: the path of a file that must be there, seen from anywhere.
readable() {
  local file=${given[$1]:-$2}
  [ -r "$file" ] || refuse_word "$1: cannot read" "$file"
  realpath "$file"
}

arguments=(secrets "$action" "--env=$environment")
for flag in --generate --overwrite; do
  [ -z "${given[$flag]-}" ] || arguments+=("$flag")
done
case $action in
  create) file=$(readable --from ".secrets.$environment.env")
    arguments+=("--from=file://$file") ;;
  rotate) [ -n "${given[--keys]-}" ] || refuse "rotate needs --keys"
    [[ ${given[--keys]} != *=* ]] || refuse_word "rotate: unknown key" "${given[--keys]}"
    arguments+=("--keys=${given[--keys]}")
    if [ -n "${given[--from]-}" ]; then
      file=$(readable --from "")
      arguments+=("--from=file://$file")
    fi ;;
  backup) [ -n "${given[--recipients]-}${given[--recipients-file]-}" ] || refuse "backup needs --recipients or --recipients-file"
    [ -z "${given[--recipients]-}" ] || arguments+=("--recipients=${given[--recipients]}")
    if [ -n "${given[--recipients-file]-}" ]; then
      file=$(readable --recipients-file "")
      arguments+=("--recipients-file=$file")
    fi
    to=${given[--to]:-$environment-secrets.age}
    [ -d "$(dirname "$to")" ] || refuse "--to: no folder $(dirname "$to")"
    path=$(realpath "$to")
    arguments+=(export "--path=$path") ;;
  restore) [ -n "${given[--identity]-}" ] || refuse "restore needs --identity"
    file=$(readable --from "$environment-secrets.age") identity=$(readable --identity "")
    arguments+=("--from=$file" "--identity=file://$identity") ;;
esac

cd "$(dirname "$0")/../.."
exec dagger call "${arguments[@]}"
