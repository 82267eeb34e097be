package secrets

import (
	"maps"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// component labels the Job's pods: it lets them through the NetworkPolicies of the stores (k8s/platform), and names
// their ServiceAccount.
const component = "rotation"

// Both scripts are told what to do and which password to do it with: `admit new`, `change old`, `forget new`. They get
// passwords from their environment, and neither pass them as arguments nor print them.
var scripts = map[config.Server]string{config.Redis: redisScript, config.Postgres: postgresScript}

// Redis holds both passwords at once. `forget` keeps none but the given one.
const redisScript = `
case $2 in old) keep=$OLD_PASSWORD ;; *) keep=$NEW_PASSWORD ;; esac
for REDISCLI_AUTH in "$NEW_PASSWORD" "$OLD_PASSWORD"; do
  export REDISCLI_AUTH
  [ "$(redis-cli -h "$SERVER" ping 2>&1)" != PONG ] || break
done
[ "$1" = forget ] && reset=resetpass || reset=
quoted=$(printf '%s' "$keep" | sed 's/[\\"]/\\&/g')
answer=$(printf 'ACL SETUSER default %s ">%s"\n' "$reset" "$quoted" | redis-cli -h "$SERVER" 2>&1)
[ "$answer" = OK ] && exit
case $answer in
  *SETUSER*) echo "Redis does not take this password" ;;
  *) echo "$answer" ;;
esac
exit 1
`

// PostgreSQL holds one password for an account, so there is an interim account, which acts as the account itself: what
// it creates belongs to that one.
const postgresScript = `
case $2 in old) TARGET_PASSWORD=$OLD_PASSWORD ;; *) TARGET_PASSWORD=$NEW_PASSWORD ;; esac
export TARGET_PASSWORD
as() {
  PGUSER=$1 PGPASSWORD=$2 psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set VERBOSITY=terse --output /dev/null --file - <<SQL
-- No statement of this session is logged, since some hold a password.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';
\getenv role ROLE
\getenv interim INTERIM_ROLE
\getenv interim_password INTERIM_PASSWORD
\getenv target_password TARGET_PASSWORD
$3
SQL
}
case $1 in
  admit)
    as "$ROLE" "$OLD_PASSWORD" "
      SELECT format('CREATE ROLE %I LOGIN IN ROLE %I', :'interim', :'role') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'interim') \gexec
      ALTER ROLE :\"interim\" PASSWORD :'interim_password';
      ALTER ROLE :\"interim\" SET role = :'role';" ;;
  change)
    as "$INTERIM_ROLE" "$INTERIM_PASSWORD" "ALTER ROLE :\"role\" PASSWORD :'target_password';" ;;
  forget)
    as "$ROLE" "$TARGET_PASSWORD" "
      SELECT format('REASSIGN OWNED BY %I TO %I', :'interim', :'role') WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'interim') \gexec
      SELECT format('DROP OWNED BY %I', :'interim') WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'interim') \gexec
      DROP ROLE IF EXISTS :\"interim\";" ;;
esac
`

func serverJobName(server config.Server) string { return component + "-" + string(server) }

// serverJob is the Job in which a script runs, with the store's own image. It obeys the namespace's Pod Security level,
// restricted.
func (r *rotation) serverJob(c change, store kinds.PodSpec, what, password string) *cluster.Object {
	labels := map[string]any{
		"app": component, "app.kubernetes.io/name": component, "app.kubernetes.io/component": component,
		render.PartOfLabel: r.Application.Name, "app.kubernetes.io/managed-by": cluster.FieldManager,
	}
	security := map[string]any{"runAsNonRoot": true, "seccompProfile": map[string]any{"type": "RuntimeDefault"}}
	if store.SecurityContext != nil && store.SecurityContext.RunAsUser != nil {
		security["runAsUser"] = *store.SecurityContext.RunAsUser
	}
	return &cluster.Object{Object: map[string]any{
		"apiVersion": "batch/v1", "kind": "Job",
		"metadata": map[string]any{"name": serverJobName(c.Server), "namespace": r.Environment.Namespace, "labels": labels},
		"spec": map[string]any{
			"backoffLimit": int64(0),
			"template": map[string]any{
				"metadata": map[string]any{"labels": labels},
				"spec": map[string]any{
					"serviceAccountName": component, "automountServiceAccountToken": false, "enableServiceLinks": false,
					"restartPolicy": "Never", "securityContext": security,
					"containers": []any{map[string]any{
						"name": component, "image": store.Containers[0].Image, "env": fromJournal(c),
						"command": []any{"/bin/sh", "-eu", "-c", scripts[c.Server], "rotation", what, password},
						"securityContext": map[string]any{
							"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
						},
						"resources": map[string]any{
							"requests": map[string]any{"cpu": "25m", "memory": "32Mi"},
							"limits":   map[string]any{"cpu": "500m", "memory": "64Mi"},
						},
					}},
				},
			},
		},
	}}
}

// fromJournal are the change's variables, which the kubelet takes from the journal's Secret.
func fromJournal(c change) []any {
	var env []any
	for _, name := range slices.Sorted(maps.Keys(c.Variables)) {
		env = append(env, map[string]any{"name": name, "valueFrom": map[string]any{
			"secretKeyRef": map[string]any{"name": journalName, "key": c.variable(name)},
		}})
	}
	return env
}
