package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
)

func TestCheckValue(t *testing.T) {
	random := config.Key{Name: "JWT_SECRET", Purpose: "JWT signing secret", MinLength: 32}
	address := config.Key{Name: "postgres-url", Purpose: "PostgreSQL connection string", Schemes: []string{"postgres", "postgresql"}}
	token := config.Key{Name: "GITHUB_TOKEN", Purpose: "GitHub access token", MinLength: 20, Prefixes: []string{"ghp_", "ghs_"}}

	for _, test := range []struct {
		name, value string
		key         config.Key
		is          error
		says        string
	}{
		{name: "random value", key: random, value: "q0Yc3vTt7sWm2Zr9Lk5Xb8Nd1Fh6Jp4G"},
		{name: "URL", key: address, value: "postgresql://app:s3cr3tQ9@postgres:5432/app?sslmode=disable"},
		{name: "URL without credentials", key: address, value: "postgres://postgres/app"},
		{name: "prefix", key: token, value: "ghs_0123456789abcdefghij"},
		{name: "none", key: random, is: config.ErrMissing, says: "JWT_SECRET"},
		{name: "newline", key: random, value: "q0Yc3vTt7sWm2Zr9Lk5Xb8Nd1Fh6Jp4G\n", is: config.ErrMalformed, says: "white space"},
		{name: "only spaces", key: random, value: "   ", is: config.ErrMalformed, says: "white space"},
		{name: "short", key: random, value: "q0Yc3vTt7", is: config.ErrMalformed, says: "9 bytes long, needs at least 32"},
		{name: "change me", key: random, value: "please-ChangeMe-please-changeme-please", is: config.ErrPlaceholder, says: "JWT signing secret"},
		{name: "your", key: token, value: "ghp_your-token-goes-here", is: config.ErrPlaceholder},
		{name: "a word", key: random, value: "Secret", is: config.ErrPlaceholder},
		{name: "angle brackets", key: random, value: "<thirty-two or more random letters>", is: config.ErrPlaceholder},
		{name: "shell variable", key: random, value: "${JWT_SECRET}", is: config.ErrPlaceholder},
		{name: "template", key: random, value: "{{ .jwt }}", is: config.ErrPlaceholder},
		{name: "one letter", key: random, value: strings.Repeat("x", 40), is: config.ErrPlaceholder},
		{name: "placeholder inside a URL", key: address, value: "postgres://app:password@postgres/app", is: config.ErrPlaceholder},
		{name: "no URL", key: address, value: "postgres", is: config.ErrMalformed, says: "postgres:// or postgresql://"},
		{name: "broken URL", key: address, value: "postgres://app:hunter%zz@postgres/app", is: config.ErrMalformed, says: "not a URL"},
		{name: "other scheme", key: address, value: "mysql://app@db/app", is: config.ErrMalformed, says: "postgres:// or"},
		{name: "no host", key: address, value: "postgres:///app", is: config.ErrMalformed, says: "without a host"},
		{name: "other prefix", key: token, value: "gitlab-0123456789abcdefghij", is: config.ErrMalformed, says: "ghp_ or ghs_"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := config.CheckValue(test.key, test.value)
			if test.is == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, test.is)
			assert.ErrorContains(t, err, test.says)
		})
	}
}

// Errors are printed and recorded, so they must not carry what they complain of.
func TestCheckValueKeepsValuesToItself(t *testing.T) {
	key := config.Key{Name: "k", Purpose: "p", MinLength: 99, Schemes: []string{"https"}, Prefixes: []string{"p-"}}
	for _, value := range []string{"hunter2", "hunter2 ", "http://u:hunter2@h", "https://u:hunter2%zz@h", "https://hunter2/", "changeme-hunter2"} {
		err := config.CheckValue(key, value)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "hunter2")
	}
}
