#!/usr/bin/env bash
# Deploys this release with the AWS command line alone, one stack after the other. Asks nothing, and may be
# run again: what stands and is the same is left as it is.
#
#   bash deploy.sh                  every stack, in order, but those that a shadow can do without
#   bash deploy.sh STACK [STACK]    these alone, in the same order
#   bash deploy.sh --list           all stacks in order, and nothing else
#
# Zips and long templates go into a bucket for each account and Region: PREFIX-code-ACCOUNT-REGION, which is
# made where it is not there. Another beginning of its name: CODE_BUCKET=NAME bash deploy.sh
# Credentials are the AWS command line's own; of another account: PROFILE_111122223333=NAME bash deploy.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export AWS_PAGER=""  # version 2 of the command line would wait for a key
WANTED=("$@")
checked=" " made=" " last=nothing OPTIONAL=() BARE=""

step() { printf '%s\n' "$*"; }
stop() { printf 'deploy.sh: %s\n' "$*" >&2; exit 1; }

among() {
    local each
    for each in "${@:2}"; do [ "$each" = "$1" ] && return; done
    return 1
}

# optional STACK WHY: deployed only where it is named.
optional() {
    OPTIONAL+=("$1")
    [ ${#WANTED[@]} -gt 0 ] || step "left out: $1 ($2); to deploy it: bash deploy.sh $1"
}

wanted() {
    if [ ${#WANTED[@]} -gt 0 ]; then among "$1" "${WANTED[@]}"
    else ! among "$1" ${OPTIONAL[@]+"${OPTIONAL[@]}"}; fi
}

# start STACK…: what cannot be done is refused before anything is done.
start() {
    local each
    if [ "${WANTED[*]:-}" = --list ]; then
        printf '%s\n' "$@"
        exit 0
    fi
    for each in ${WANTED[@]+"${WANTED[@]}"}; do
        among "$each" "$@" || stop "$each is no stack of this release (bash deploy.sh --list)"
    done
    [ -z "$BARE" ] || stop "written by --bare, without libraries: no function would start; run make release"
    # What was damaged or changed on its way here is not deployed.
    if command -v sha256sum > /dev/null; then sha256sum --check --quiet SHA256SUMS
    else shasum -a 256 --check --quiet SHA256SUMS; fi
}

# in_place ACCOUNT REGION WORDS…: the AWS command line there, with that account's credentials.
in_place() {
    local account=$1 region=$2 profile="PROFILE_$1" chosen=()
    shift 2
    [ -z "${!profile:-}" ] || chosen=(--profile "${!profile}")
    aws --region "$region" --output text ${chosen[@]+"${chosen[@]}"} "$@"
}

# Nothing is made with another account's credentials: names would be the same there.
account_is() {
    case "$checked" in *" $1 "*) return ;; esac
    local found
    found=$(in_place "$1" "$2" sts get-caller-identity --query Account)
    [ "$found" = "$1" ] || stop "these credentials are of account $found, the stacks of $1 (see PROFILE_$1 above)"
    checked+="$1 "
}

bucket_of() { printf '%s' "${CODE_BUCKET:-$PREFIX-code}-$1-$2"; }

# A bucket of that name which somebody else has is refused: functions run what lies in it.
bucket() {
    local account=$1 region=$2 name where=()
    name=$(bucket_of "$account" "$region")
    case "$made" in *" $name "*) return ;; esac
    if ! in_place "$account" "$region" s3api head-bucket --bucket "$name" \
        --expected-bucket-owner "$account" > /dev/null 2>&1; then
        step "  bucket $name"
        [ "$region" = us-east-1 ] || where=(--create-bucket-configuration "LocationConstraint=$region")
        in_place "$account" "$region" s3api create-bucket --bucket "$name" \
            ${where[@]+"${where[@]}"} > /dev/null
    fi
    made+="$name "
}

# The name of a zip holds a digest of its content: what is there is the same.
zip() {
    local account=$1 region=$2 file=$3 name
    name=$(bucket_of "$account" "$region")
    case "$made" in *" $name/$file "*) return ;; esac
    if ! in_place "$account" "$region" s3api head-object --bucket "$name" --key "$file" \
        --expected-bucket-owner "$account" > /dev/null 2>&1; then
        step "  upload $file"
        in_place "$account" "$region" s3 cp --only-show-errors "$file" "s3://$name/$file"
    fi
    made+="$name/$file "
}

# A first try that failed and was taken back left an empty stack, which no change can mend.
clear_failed() {
    local account=$1 region=$2 name=$3 status
    status=$(in_place "$account" "$region" cloudformation list-stacks \
        --stack-status-filter ROLLBACK_COMPLETE \
        --query "StackSummaries[?StackName=='$name'].StackStatus")
    [ -n "$status" ] || return 0
    step "  the last try was taken back: deleting what is left of it"
    in_place "$account" "$region" cloudformation delete-stack --stack-name "$name"
    in_place "$account" "$region" cloudformation wait stack-delete-complete --stack-name "$name"
}

# stack NAME ACCOUNT REGION inline|upload protect|- CAPABILITY TAG [ZIP…]; "-" for none. The bucket is
# made where there are zips, or a long template; the zips' is named to the template.
stack() {
    local name=$1 account=$2 region=$3 size=$4 protected=$5 capability=$6 tag=$7 file
    local options=()
    shift 7
    wanted "$name" || return 0
    step "$name in $account, $region"
    account_is "$account" "$region"
    if [ "$size" = upload ] || [ $# -gt 0 ]; then bucket "$account" "$region"; fi
    if [ $# -gt 0 ]; then options+=(--parameter-overrides "CodeBucket=$(bucket_of "$account" "$region")"); fi
    for file in "$@"; do zip "$account" "$region" "$file"; done
    if [ "$size" = upload ]; then
        options+=(--s3-bucket "$(bucket_of "$account" "$region")" --s3-prefix templates)
    fi
    [ "$capability" = - ] || options+=(--capabilities "$capability")
    [ "$tag" = - ] || options+=(--tags "$tag")
    clear_failed "$account" "$region" "$name"
    in_place "$account" "$region" cloudformation deploy --stack-name "$name" \
        --template-file "templates/$name.json" --no-fail-on-empty-changeset ${options[@]+"${options[@]}"}
    if [ "$protected" = protect ]; then
        in_place "$account" "$region" cloudformation update-termination-protection \
            --enable-termination-protection --stack-name "$name" > /dev/null
    fi
    last=$name
}

