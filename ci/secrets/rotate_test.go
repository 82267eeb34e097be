package secrets_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/backup"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/secrets"
)

var all = secrets.RotateOptions{Keys: []string{"redis-password", "POSTGRES_URL", "JWT_SECRET"}, Generate: true, Holder: "ada"}

// values are those that the rotation of all is about.
func (l *lab) values() [3]string {
	return [3]string{l.value("database-secrets", "redis-password"), l.value("database-secrets", "postgres-url"), l.value("agent-manager-secrets", "JWT_SECRET")}
}

// settled checks that everybody agrees on the values in the Secrets, and that nothing else is left.
func (l *lab) settled() {
	l.t.Helper()
	l.observe("at the end")
	now := l.values()
	assert.Equal(l.t, map[string]bool{now[0]: true}, l.redis, "Redis takes one password")
	address, err := url.Parse(now[1])
	require.NoError(l.t, err)
	password, _ := address.User.Password()
	assert.Equal(l.t, map[string]string{"app": password}, l.accounts, "PostgreSQL has one account")
	for name, values := range l.pods {
		if isStores(name) {
			continue
		}
		for key, value := range values {
			assert.Equal(l.t, l.valueOf(key), value, "%s has another %s than its Secret", name, key)
		}
	}
	assert.Nil(l.t, l.Get(ref("v1", "Secret", "secrets-rotation")), "the journal is still there")
}

func (l *lab) valueOf(key string) string {
	secret, name, _ := strings.Cut(key, "/")
	return l.value(secret, name)
}

func TestRotateChangesValuesWithoutAMomentOfDisagreement(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		before := l.values()
		rotation, err := l.store().Rotate(t.Context(), all)
		require.NoError(t, err)
		l.settled()
		for i, value := range l.values() {
			assert.NotEqual(t, before[i], value)
		}
		assert.Equal(t, []string{"agent-manager-blue", "dashboard-blue"}, rotation.Restarted, "only what reads a key is restarted, and nothing that is parked")
		assert.Equal(t, []string{"postgres", "redis"}, rotation.Servers)
		assert.Contains(t, l.values()[1], "@postgres:5432/app", "only the password of a URL changes")
		report, err := l.store().Verify(t.Context())
		require.NoError(t, err)
		assert.Empty(t, report.Problems())
	})
}

func TestRotateThatIsKilledIsFinishedByTheSameCommand(t *testing.T) {
	inLab(t, func(t *testing.T, base *lab) {
		before := base.values()
		base.eachWrite(1, always(clustertest.Kill), func(l *lab) {
			err := l.rotate(all)
			l.next()
			if l.value("secrets-rotation", "journal") != "" {
				report, err := l.store().Verify(t.Context())
				require.NoError(t, err)
				assert.Equal(t, "secrets rotate --env production --keys redis-password,POSTGRES_URL,JWT_SECRET", report.Unfinished)
				require.ErrorContains(t, l.rotate(secrets.RotateOptions{Keys: []string{"NEXTAUTH_SECRET"}, Generate: true}), "comes first")
				_, err = l.store().Create(t.Context(), "OPENAI_ORG_ID=org-another0another0", secrets.CreateOptions{Overwrite: true})
				require.ErrorContains(t, err, "comes first")
			}
			if err != nil {
				require.NoError(t, l.rotate(all))
			} else {
				pass()
			}
			l.settled()
			for i, value := range l.values() {
				assert.NotEqual(t, before[i], value)
			}
		})
	})
}

// refusing is a rotation that fails: the first restart is to PostgreSQL's interim account, the second to this URL.
func (l *lab) refusing() secrets.RotateOptions {
	l.refused = "postgres://app:a-password-that-stops-them@postgres:5432/app"
	options := all
	options.EnvFile, options.ReadyBudget = "POSTGRES_URL="+l.refused, 5*time.Second
	return options
}

// takenBack asserts that a rotation that failed has brought the old values back.
func (l *lab) takenBack(err error, before [3]string) {
	l.t.Helper()
	require.ErrorContains(l.t, err, "agent-manager-blue")
	require.ErrorContains(l.t, err, "the old values are back")
	assert.NotContains(l.t, err.Error(), "a-password-that")
	l.settled()
	assert.Equal(l.t, before, l.values())
}

func TestRotateThatFailsBringsTheOldValuesBack(t *testing.T) {
	inLab(t, func(t *testing.T, base *lab) {
		options, before := base.refusing(), base.values()
		whole := base.again()
		whole.takenBack(whole.rotate(options), before)
		base.eachWrite(2, always(clustertest.Kill), func(l *lab) {
			err := l.rotate(options)
			if l.client.Dead() {
				l.next()
				if l.Get(ref("v1", "Secret", "secrets-rotation")) == nil && err != nil && strings.Contains(err.Error(), "the old values are back") {
					pass() // only giving back the lock was left
				} else {
					err = l.rotate(options)
				}
			}
			l.takenBack(err, before)
		})
	})
}

// One bad answer, or none, neither fails a rotation nor its undoing.
func TestAPassingFaultChangesNoRotation(t *testing.T) {
	for i, fault := range []clustertest.Fault{clustertest.Conflict, clustertest.TooMany, clustertest.Failing, clustertest.Timeout, clustertest.Lost} {
		t.Run(string(fault), func(t *testing.T) {
			inLab(t, func(t *testing.T, base *lab) {
				base.eachWrite(1, always(fault), func(l *lab) {
					require.NoError(t, l.rotate(all))
					l.settled()
				})
				options, before := base.refusing(), base.values()
				base.eachWrite(11+i, always(fault), func(l *lab) { l.takenBack(l.rotate(options), before) })
			})
		})
	}
}

// An API server that goes away at any step and comes back after up to five minutes ends no rotation.
func TestARotationOutlastsTheAPIServer(t *testing.T) {
	for _, outage := range []time.Duration{20 * time.Second, 5 * time.Minute} {
		away := func(l *lab, _ clustertest.Write) clustertest.Fault {
			back := time.Now().Add(outage)
			l.client.Away = func() bool { return time.Now().Before(back) }
			return clustertest.Lost
		}
		t.Run(outage.String(), func(t *testing.T) {
			inLab(t, func(t *testing.T, base *lab) {
				base.eachWrite(2, away, func(l *lab) {
					require.NoError(t, l.rotate(all))
					l.settled()
				})
				options, before := base.refusing(), base.values()
				base.eachWrite(11, away, func(l *lab) { l.takenBack(l.rotate(options), before) })
			})
		})
	}
}

// A run that slept while another one finished its rotation changes nothing when it wakes up.
func TestAFrozenRotationHurtsNobody(t *testing.T) {
	freeze := func(_ *lab, w clustertest.Write) clustertest.Fault {
		if w.Ref.Kind == "Lease" { // without the lock it has done nothing yet, and may well get it once the other one has ended
			return clustertest.None
		}
		return clustertest.Freeze
	}
	inLab(t, func(t *testing.T, base *lab) {
		base.eachWrite(1, freeze, func(l *lab) {
			frozen, done := l.client, make(chan error, 1)
			go func() { done <- l.rotate(all) }()
			select {
			case err := <-done: // it has fewer writes
				require.NoError(t, err)
				l.settled()
				return
			case <-frozen.Frozen():
			}
			l.next()
			require.NoError(t, l.rotate(all))
			after := l.values()
			frozen.Wake()
			<-done // whatever it says, nothing of it came through
			l.settled()
			assert.Equal(t, after, l.values())
		})
	})
}

// While a rotation waits for pods that do not start, a node is drained: what is made anew there has read the new value. The
// rotation has not restarted it, and still it must not be left with a password that the store is about to forget.
func TestUndoReachesPodsThatStartedMeanwhile(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.hanging["agent-manager-blue"] = true
		before := l.values()
		l.After = func(done clustertest.Write) {
			l.observe(done.String())
			if done.Verb == "patch" && done.Ref.Name == "agent-manager-blue" && len(l.hanging) > 0 {
				go func() {
					time.Sleep(2 * time.Second)
					l.evict("dashboard-blue")
					clear(l.hanging)
				}()
				l.After = func(done clustertest.Write) { l.observe(done.String()) }
			}
		}
		err := l.rotate(secrets.RotateOptions{Keys: []string{"redis-password"}, Generate: true, ReadyBudget: 5 * time.Second})
		require.ErrorContains(t, err, "the old values are back")
		l.settled()
		assert.Equal(t, before, l.values())
	})
}

// refuses asserts that something fails before anything is written.
func (l *lab) refuses(do func() error) error {
	l.t.Helper()
	before := len(l.Writes())
	err := do()
	require.Error(l.t, err)
	assert.Len(l.t, l.Writes(), before)
	return err
}

func TestRotateRefusesBeforeAnythingIsChanged(t *testing.T) {
	for name, test := range map[string]struct {
		options secrets.RotateOptions
		says    []string
	}{
		"no keys":        {secrets.RotateOptions{Generate: true}, []string{"no keys named"}},
		"unknown key":    {secrets.RotateOptions{Keys: []string{"redis-pasword", "JWT_SECRET"}, Generate: true}, []string{"REDIS_PASWORD: no such key", "redis-password"}},
		"value for key":  {secrets.RotateOptions{Keys: []string{"JWT_SECRET=hunter2,hunter2"}}, []string{"--keys: a value was given with JWT_SECRET", "--from"}},
		"no value":       {secrets.RotateOptions{Keys: []string{"JWT_SECRET"}}, []string{"JWT_SECRET", "--generate"}},
		"others' values": {secrets.RotateOptions{Keys: []string{"GITHUB_TOKEN"}, Generate: true}, []string{"GITHUB_TOKEN", "cannot be generated"}},
		"never rotated":  {secrets.RotateOptions{Keys: []string{"repository-cipher-pass"}, Generate: true}, []string{"REPOSITORY_CIPHER_PASS", "never rotated"}},
		"all at once": {secrets.RotateOptions{Keys: []string{"JWT_SECRET", "GITHUB_TOKEN"}, EnvFile: "JWT_SECRET=hunter2\nGITHUB_TOKEN=changeme"},
			[]string{"JWT_SECRET", "7 bytes", "GITHUB_TOKEN", "placeholder"}},
		"another account": {secrets.RotateOptions{Keys: []string{"postgres-url"}, EnvFile: "POSTGRES_URL=postgres://hunter2:k3JvQ9xT1mY@postgres:5432/app"}, []string{"POSTGRES_URL", "migration"}},
		"not a file":      {secrets.RotateOptions{Keys: []string{"JWT_SECRET"}, EnvFile: "hunter2"}, []string{"line 1"}},
		"what a store reads": {secrets.RotateOptions{Keys: []string{"s3-access-key"}, EnvFile: "S3_ACCESS_KEY=AKIA0000Kq2mVw5nRt7y"},
			[]string{"s3-access-key", `StatefulSet "archive"`, "files"}},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, func(t *testing.T, l *lab) {
				l.workload("StatefulSet", "archive", 1, "backup-secrets/s3-access-key")
				err := l.refuses(func() error { return l.rotate(test.options) })
				for _, text := range test.says {
					assert.ErrorContains(t, err, text)
				}
				assert.NotContains(t, err.Error(), "hunter2")
			})
		})
	}
}

func TestRotateWaitsUntilARestoreOfTheDatabaseHasEnded(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		claim := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim"}}
		claim.SetName("data-postgres-0")
		claim.SetNamespace(namespace)
		claim.SetAnnotations(map[string]string{backup.RestoreMark: "restore --env production --latest --force", backup.RestoreBegan: "2026-11-23T12:00:00Z"})
		l.Put(claim)
		err := l.refuses(func() error { return l.rotate(secrets.RotateOptions{Keys: []string{"JWT_SECRET"}, Generate: true}) })
		assert.ErrorContains(t, err, "finish it: dagger call restore --env production --latest --force")
	})
}

// The slots of a service are restarted together, for the time that this saves; two services never.
func TestRotateRestartsOneServiceAfterTheOther(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		for _, slot := range []string{"agent-manager-green", "dashboard-blue"} {
			l.workload("Deployment", slot, 2, "agent-manager-secrets/JWT_SECRET")
		}
		l.hanging["agent-manager-green"] = true
		err := l.rotate(secrets.RotateOptions{Keys: []string{"JWT_SECRET"}, Generate: true, ReadyBudget: 5 * time.Second})
		require.ErrorContains(t, err, "agent-manager-green")
		var restarted []string
		for _, write := range l.Writes() {
			if write.Verb == "patch" && write.Ref.Kind == "Deployment" {
				restarted = append(restarted, write.Ref.Name)
			}
		}
		assert.NotContains(t, restarted, "dashboard-blue", "its turn is after the service before it is ready")
		assert.Equal(t, []string{"agent-manager-blue", "agent-manager-green"}, restarted[:2])
	})
}

// The keys of the backups' storage are made there: a new one is tried, and then PostgreSQL finds it in its files.
func TestRotateTriesTheKeysOfTheStorageFirst(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.withBackups()
		l.storage = "Kq2mVw5nRt7yKq2mVw5nRt7yKq2mVw5n"
		before := l.value("backup-secrets", "s3-secret-key")
		options := secrets.RotateOptions{Keys: []string{"s3-access-key", "s3-secret-key"}, EnvFile: "S3_ACCESS_KEY=AKIA0000Kq2mVw5nRt7y\nS3_SECRET_KEY=hunter2hunter2hunter2hunter2"}
		err := l.rotate(options)
		require.ErrorContains(t, err, "the backups' storage does not take it: ERROR: [039]: HTTP request failed with 403 (Forbidden)")
		assert.NotContains(t, err.Error(), "hunter2")
		assert.Equal(t, before, l.value("backup-secrets", "s3-secret-key"))
		l.settled()

		options.EnvFile = "S3_ACCESS_KEY=AKIA0000Kq2mVw5nRt7y\nS3_SECRET_KEY=" + l.storage
		rotation, err := l.store().Rotate(t.Context(), options)
		require.NoError(t, err)
		assert.Equal(t, []string{"postgres"}, rotation.Readers)
		assert.Empty(t, rotation.Restarted)
		assert.Equal(t, l.storage, l.value("backup-secrets", "s3-secret-key"))
		l.settled()
	})
}

func TestRotateNeedsAStoreThatTakesTwoPasswords(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		l.workload("StatefulSet", "redis", 1, "database-secrets/redis-password")
		assert.ErrorContains(t, l.refuses(func() error { return l.rotate(all) }), "deploy once")
	})
}

func TestRotateExcludesADeploy(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		held, err := lock.Acquire(t.Context(), l.NewClient().Cluster(), namespace, lock.Request{Holder: "ada", Command: "deploy --env production"})
		require.NoError(t, err)
		before := l.values()
		var refused *lock.HeldError
		require.ErrorAs(t, l.rotate(all), &refused)
		assert.Equal(t, before, l.values())
		require.NoError(t, held.Release(t.Context()))
	})
}

func TestRotateToTheValueThatIsThereDoesNothing(t *testing.T) {
	inLab(t, func(t *testing.T, l *lab) {
		writes := len(l.Writes())
		options := secrets.RotateOptions{Keys: []string{"JWT_SECRET"}, EnvFile: "JWT_SECRET=" + l.value("agent-manager-secrets", "JWT_SECRET")}
		rotation, err := l.store().Rotate(t.Context(), options)
		require.NoError(t, err)
		assert.Len(t, l.Writes(), writes)
		assert.Empty(t, rotation.Restarted)
		assert.Equal(t, secrets.Unchanged, rotation.Entries[0].State)
	})
}
