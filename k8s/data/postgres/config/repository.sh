# shellcheck shell=bash
# Sourced: gives pgBackRest the keys of its repository, from files named as its
# variables. They are read at each call: one that is rotated (ci/secrets) reaches
# a pod that runs, which a variable of the pod would not.
for file in /run/secrets/repository/PGBACKREST_*; do
  [[ ! -e $file ]] || export "${file##*/}=$(<"$file")"
done
unset file
