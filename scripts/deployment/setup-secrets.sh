#!/usr/bin/env bash
# The door that the runbooks know to: dagger call secrets
set -euo pipefail

usage() {
  cat <<'HELP'
Create or verify the secrets of an environment.

  scripts/deployment/setup-secrets.sh <staging|production> create [--from FILE] [--generate] [--overwrite]
  scripts/deployment/setup-secrets.sh <staging|production> verify

  create         write what is missing; values that are there already stay
  verify         say of each key whether it is present, missing, malformed or a placeholder
  --from FILE    an env file of NAME=value lines; .secrets.<environment>.env when left out
  --generate     make random values for keys that allow it and that the file lacks
  --overwrite    replace values in the cluster that differ from the file's
  --help         this text

Exit code 0: everything is there. 1: not, and the message lists the names. 2: wrong usage.
The same as: dagger call secrets create --env <environment> --from file://FILE
HELP
}
refuse() { echo "setup-secrets.sh: $1; see --help" >&2 && exit 2; }

environment="" action="" file="" flags=()
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --generate | --overwrite) flags+=("$1") ;;
    --from) [ $# -gt 1 ] || refuse "--from needs a file"
      file=$2 && shift ;;
    --from=*) file=${1#--from=} ;;
    -*) refuse "unknown flag $1" ;;
    *) if [ -z "$environment" ]; then environment=$1; elif [ -z "$action" ]; then action=$1; else refuse "unexpected $1"; fi ;;
  esac
  shift
done
file=${file:-.secrets.$environment.env}
case $action in
  create) [ -r "$file" ] || refuse "cannot read $file"
    file=$(realpath "$file") ;;
  verify) [ ${#flags[@]} -eq 0 ] || refuse "verify takes no ${flags[0]}" ;;
  "") usage >&2 && exit 2 ;;
  *) refuse "unknown action $action" ;;
esac

cd "$(dirname "$0")/../.."
if [ "$action" = create ]; then
  exec dagger call secrets create --env "$environment" --from "file://$file" "${flags[@]}"
fi
exec dagger call secrets verify --env "$environment"
