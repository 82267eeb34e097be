//go:build e2e

package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// journal is the Secret that there is while values change.
const journal = "secrets-rotation"

// TestRotateUnderLoad gives production a new signing secret and new passwords of both stores while people use it.
func TestRotateUnderLoad(t *testing.T) {
	agent := newAgent(t)
	token := agent.token(t)
	require.Equal(t, http.StatusNoContent, agent.heartbeat(t, token))
	old, stores := secretsOf(t, production), storePods(t, production)

	// Besides the health of each service, a request that reads PostgreSQL and Redis.
	book := underLoad(t, "team-dashboard.app", agent.path)
	confideInterim(t)
	out := mustCall(t, "secrets", "rotate", "--env", "production", "--keys", "JWT_SECRET,redis-password,POSTGRES_URL", "--generate")
	entries := book.Stop()
	t.Logf("%d requests in %s", len(entries), entries[len(entries)-1].Answered.Sub(entries[0].Asked))
	assert.Empty(t, failures(entries), "a user saw a failed request")
	for _, service := range services {
		assert.Regexp(t, service+`-(blue|green) +restarted`, out)
	}
	assert.Equal(t, stores, storePods(t, production), "a store was restarted")
	now := secretsOf(t, production)
	assert.NotContains(t, now, journal)

	t.Run("the signing secret", func(t *testing.T) {
		assert.Equal(t, http.StatusUnauthorized, agent.heartbeat(t, token), "a token of the old secret")
		token := agent.token(t)
		assert.Equal(t, http.StatusNoContent, agent.heartbeat(t, token))
		content, signature := token[:strings.LastIndex(token, ".")], token[strings.LastIndex(token, ".")+1:]
		mac := hmac.New(sha256.New, []byte(now["agent-manager-secrets"]["JWT_SECRET"]))
		mac.Write([]byte(content))
		assert.Equal(t, base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), signature, "not signed with the new secret")
	})
	t.Run("the password of Redis", func(t *testing.T) {
		login := func(password string) string {
			return inside(t, "redis-0", password, `read -r REDISCLI_AUTH; export REDISCLI_AUTH; PATH=${PATH#*:} redis-cli ping`)
		}
		assert.Equal(t, "PONG", login(now["database-secrets"]["redis-password"]))
		assert.Contains(t, login(old["database-secrets"]["redis-password"]), "WRONGPASS")
	})
	t.Run("the password of PostgreSQL", func(t *testing.T) {
		login := func(url string) string {
			return inside(t, "postgres-0", url, `read -r url; psql -qtA "${url%@*}@localhost/${url##*/}" -c "SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolcanlogin"`)
		}
		assert.Equal(t, "team", login(now["database-secrets"]["postgres-url"]), "the interim account is still there")
		assert.Contains(t, login(old["database-secrets"]["postgres-url"]), "password authentication failed")
	})
}

// TestBackupOfSecrets takes staging's Secrets away and brings them back. It makes them where there are none, and leaves
// them; what runs in staging does not notice.
func TestBackupOfSecrets(t *testing.T) {
	if kubectl(t, "get", "namespace", staging, "--ignore-not-found", "-o", "name") == "" {
		grant(t, "staging")
		withSecrets(t, "staging")
	}
	folder := t.TempDir()
	identity, stranger := ageKey(t, folder, "recipient"), ageKey(t, folder, "stranger")
	backup := filepath.Join(folder, "staging-secrets.age")
	door := func(args ...string) answer {
		return run(t, filepath.Join(repository(t), "scripts/deployment/setup-secrets.sh"), append([]string{"staging"}, args...)...)
	}
	restore := []string{"restore", "--from", backup, "--identity", identity.file}
	before := secretsOf(t, staging)

	got := door("backup", "--recipients", identity.public, "--to", backup)
	require.Zero(t, got.code, tail(got.stderr, 20))
	told("the backup of staging's secrets", string(read(t, backup)))

	part(t, "into a namespace that has none", func(t *testing.T) {
		for name := range before {
			kubectl(t, "-n", staging, "delete", "secret", name)
		}
		got := door("verify")
		assert.Equal(t, 1, got.code, "verify finds nothing missing")
		assert.Contains(t, got.stderr, "redis-password")
		got = door(restore...)
		require.Zero(t, got.code, got.stdout+tail(got.stderr, 20))
		assert.Equal(t, before, secretsOf(t, staging))
	})
	part(t, "over another value when told to", func(t *testing.T) {
		kubectl(t, "-n", staging, "patch", "secret", "openai-service-secrets", "-p", `{"stringData": {"openai-org-id": "org-another0another0"}}`)
		changed := state(t, staging)
		got := door(restore...)
		assert.Equal(t, 1, got.code, "overwritten unasked")
		assert.Contains(t, got.stderr, "OPENAI_ORG_ID (openai-org-id of openai-service-secrets): the cluster has another value; pass --overwrite")
		assert.Equal(t, changed, state(t, staging))
		got = door(append(restore, "--overwrite")...)
		require.Zero(t, got.code, got.stdout+tail(got.stderr, 20))
		assert.Equal(t, before, secretsOf(t, staging))
	})
	part(t, "never from what is no backup, or another's", func(t *testing.T) {
		changed := state(t, staging)
		garbage := filepath.Join(folder, "garbage.age")
		write(t, garbage, "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3YxCg==\n")
		for _, bad := range []struct{ env, from, identity, says string }{
			{"staging", backup, stranger.file, "--identity: the backup was encrypted for others"},
			{"staging", garbage, identity.file, "--from: the backup is cut off or damaged"},
			{"production", backup, identity.file, "the file is a backup of staging"},
		} {
			text := refused(t, "secrets", "restore", "--env", bad.env, "--overwrite", "--from", bad.from, "--identity", "file://"+bad.identity)
			assert.Contains(t, text, bad.says)
			assert.NotContains(t, strings.TrimSpace(text), "\n", "one line")
		}
		assert.Equal(t, changed, state(t, staging))
	})
}

func TestBadSecretsAreRefusedBeforeAnythingIsTouched(t *testing.T) {
	before := state(t, production)
	bad := filepath.Join(t.TempDir(), "bad.env")
	write(t, bad, "NEXTAUTH_SECRET=changeme-changeme-changeme-changeme\nJWT_SECRET=hunter2\nPOSTGRES_URL=mysql://team:hunter2@postgres/team_dashboard\n"+
		"S3_SECRET_KEY=hunter2hunter2hunter2hunter2\n")
	for name, w := range map[string]wrong{
		"unknown key": {
			[]string{"secrets", "rotate", "--env", "production", "--keys", "redis-pasword", "--generate"},
			[]string{"REDIS_PASWORD: no such key", "redis-password"}},
		"value on the command line": {
			[]string{"secrets", "rotate", "--env", "production", "--keys", "JWT_SECRET=hunter2"},
			[]string{"a value was given with JWT_SECRET", "--from"}},
		"values that do not serve": {
			[]string{"secrets", "rotate", "--env", "production", "--keys", "NEXTAUTH_SECRET,JWT_SECRET,postgres-url", "--from", "file://" + bad},
			[]string{
				"\n  POSTGRES_URL (postgres-url of database-secrets): malformed: not a URL that begins with postgres://",
				"\n  NEXTAUTH_SECRET (NEXTAUTH_SECRET of dashboard-secrets): placeholder",
				"\n  JWT_SECRET (JWT_SECRET of agent-manager-secrets): malformed: 7 bytes long, needs at least 32"}},
		"what cannot change": {
			[]string{"secrets", "rotate", "--env", "production", "--keys", "repository-cipher-pass", "--generate"},
			[]string{"repository-cipher-pass", "never rotated", "begin a new repository"}},
		"key that the backups' storage does not know": {
			[]string{"secrets", "rotate", "--env", "production", "--keys", "s3-secret-key", "--from", "file://" + bad},
			[]string{"the backups' storage does not take it", "403"}},
	} {
		t.Run(name, func(t *testing.T) {
			text := refused(t, w.args...)
			for _, want := range w.says {
				assert.Contains(t, text, want)
			}
			assert.NotContains(t, strings.ToLower(text), "hunter2")
		})
	}
	got := run(t, filepath.Join(repository(t), "scripts/deployment/setup-secrets.sh"), "production", "create", "--from", "JWT_SECRET=hunter2")
	assert.Equal(t, 2, got.code)
	assert.NotContains(t, got.stdout+got.stderr, "hunter2")
	assert.Equal(t, before, state(t, production), "a refused command wrote something")
}

// agent is one of production's agents, which PostgreSQL keeps.
type agent struct{ id, path string }

func newAgent(t *testing.T) agent {
	var made struct {
		ID string `json:"id"`
	}
	require.Equal(t, http.StatusCreated, request(t, http.MethodPost, "/api/agents", "", `{"name": "rotation"}`, &made))
	a := agent{made.ID, "/api/agents/" + made.ID}
	t.Cleanup(func() { request(t, http.MethodDelete, a.path, "", "", nil) })
	return a
}

// token is what agent-manager signs with JWT_SECRET.
func (a agent) token(t *testing.T) string {
	var issued struct {
		Token string `json:"token"`
	}
	require.Equal(t, http.StatusCreated, request(t, http.MethodPost, a.path+"/token", "", "", &issued))
	return issued.Token
}

// heartbeat shows a token, and has Redis remember the agent.
func (a agent) heartbeat(t *testing.T, token string) (status int) {
	return request(t, http.MethodPost, a.path+"/heartbeat", token, "", nil)
}

func request(t *testing.T, method, path, token, body string, into any) (status int) {
	t.Helper()
	request, err := http.NewRequest(method, "https://team-dashboard.app"+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		request.Header.Set("content-type", "application/json")
	}
	if token != "" {
		request.Header.Set("authorization", "Bearer "+token)
	}
	response, err := doorClient(t, true).Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	if into != nil {
		require.NoError(t, json.NewDecoder(response.Body).Decode(into))
	}
	return response.StatusCode
}

// confideInterim waits for the account that PostgreSQL's clients use meanwhile: its password, too, may be told nowhere.
func confideInterim(t *testing.T) {
	ended := make(chan struct{})
	t.Cleanup(func() { <-ended })
	go func() {
		defer close(ended)
		command := exec.Command("kubectl", "-n", production, "wait", "secret/"+journal, "--for=create", "--timeout=60s",
			"-o", `jsonpath={.data.database-secrets\.postgres-url\.INTERIM_PASSWORD}`)
		encoded, _ := command.Output()
		password, err := base64.StdEncoding.DecodeString(string(encoded))
		if assert.NoError(t, err) && assert.NotEmpty(t, password, "there was no interim account") {
			confide("the password of PostgreSQL's interim account", string(password))
		}
	}()
}

// inside runs a script in a pod of production; the secret comes by standard input, since arguments can be seen.
func inside(t *testing.T, pod, secret, script string) string {
	t.Helper()
	command := exec.Command("kubectl", "-n", production, "exec", "-i", pod, "--", "sh", "-c", script)
	command.Stdin = strings.NewReader(secret + "\n")
	out, _ := command.CombinedOutput() // what a login that fails prints is what is looked at
	return string(bytes.TrimSpace(out))
}

// secretsOf are the values of our Secrets in a namespace. None of them may be told anywhere.
func secretsOf(t testing.TB, namespace string) map[string]map[string]string {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Type     string
			Data     map[string][]byte
		}
	}
	require.NoError(t, json.Unmarshal([]byte(kubectl(t, "-n", namespace, "get", "secrets", "-l", "app.kubernetes.io/component!=record", "-o", "json")), &list))
	all := map[string]map[string]string{}
	for _, secret := range list.Items {
		if secret.Type != "Opaque" {
			continue
		}
		all[secret.Metadata.Name] = map[string]string{}
		for key, value := range secret.Data {
			all[secret.Metadata.Name][key] = string(value)
			if _, ok := public[key]; !ok && secret.Metadata.Name != journal {
				confide(fmt.Sprintf("%s of %s in %s", key, secret.Metadata.Name, namespace), string(value))
			}
		}
	}
	return all
}

// agePair is a key pair as age-keygen makes it; its identity lies in a file.
type agePair struct{ public, file string }

func ageKey(t *testing.T, folder, name string) agePair {
	key, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	pair := agePair{key.Recipient().String(), filepath.Join(folder, name)}
	confide("the age key of the "+name, key.String())
	write(t, pair.file, fmt.Sprintf("# public key: %s\n%s\n", pair.public, key))
	return pair
}
