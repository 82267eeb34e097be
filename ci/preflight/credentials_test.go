package preflight

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestCredentialsThatDoNotLast(t *testing.T) {
	for name, test := range map[string]struct {
		left    time.Duration
		ok      bool
		says    string
		warning string
	}{
		"nobody knows":                  {0, true, "whether the kubeconfig's credentials expire cannot be told", ""},
		"for long":                      {8 * time.Hour, true, "valid for another 8h0m0s, until 2000-01-01T08:00:00Z", ""},
		"long enough, if all goes well": {10 * time.Minute, true, "valid for another 10m0s", "a run may take 15m0s; get a new kubeconfig"},
		"not even if all goes well":     {4 * time.Minute, false, "valid for another 4m0s, until 2000-01-01T00:04:00Z, and a run takes 5m0s at the least; get a new kubeconfig", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, input := ready()
				input.Least, input.Most = 5*time.Minute, 15*time.Minute
				if test.left > 0 {
					input.CredentialsExpire = time.Now().Add(test.left)
				}
				report := Run(t.Context(), s.cluster(), nil, input)
				got := found(t, report, "credentials")
				assert.Equal(t, test.ok, got.OK)
				assert.Contains(t, got.Detail, test.says)
				assert.Equal(t, test.warning != "", len(report.Warnings()) > 0)
				for _, warning := range report.Warnings() {
					assert.Contains(t, warning, test.warning)
				}
			})
		})
	}
}
