package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Key is one value of a Secret, and how a good value is told from a bad one.
type Key struct {
	Name string
	// Purpose says what the value is for, in words for the person who supplies it.
	Purpose string
	// Generated says that a random value serves, so the pipeline may make one.
	Generated bool
	// MinLength is the least number of bytes; zero means any but none.
	MinLength int
	// Prefixes lists how a value may begin; empty means anyhow.
	Prefixes []string
	// Schemes makes the value a URL of one of these schemes, with a host.
	Schemes []string
	// Server is the store that checks the value, which must change there too; empty when none does.
	Server Server
	// Fixed says why the value must not change once there is data; empty when it may.
	Fixed string
}

// Server is a store of the data layer with a password: the name of its StatefulSet, if it has one, and how it is spoken to.
type Server string

const (
	// Postgres keeps the password of a PostgreSQL URL.
	Postgres Server = "postgres"
	// Redis keeps the password itself.
	Redis Server = "redis"
	// Repository is the storage of the database's backups. Its keys are made there; a new one is tried, and that is all.
	Repository Server = "repository"
)

// What CheckValue finds wrong; told apart with errors.Is.
var (
	ErrMissing     = errors.New("missing")
	ErrPlaceholder = errors.New("placeholder")
	ErrMalformed   = errors.New("malformed")
)

// CheckValue says whether value serves as key: nil, or an error that is
// ErrMissing, ErrPlaceholder or ErrMalformed. No error repeats any part of the
// value, so errors may be printed and recorded.
func CheckValue(key Key, value string) error {
	switch {
	case value == "":
		return fmt.Errorf("%s: %w", key.Name, ErrMissing)
	case strings.TrimFunc(value, unicode.IsSpace) != value:
		return malformed(key, "begins or ends with white space (often the newline of a file)")
	case isPlaceholder(value) || isPlaceholder(urlPassword(key, value)):
		return fmt.Errorf("%s: %w, not a value: %s", key.Name, ErrPlaceholder, key.Purpose)
	}
	if len(key.Schemes) > 0 {
		if problem := urlProblem(key.Schemes, value); problem != "" {
			return malformed(key, problem)
		}
	}
	if len(value) < key.MinLength {
		return malformed(key, fmt.Sprintf("%d bytes long, needs at least %d", len(value), key.MinLength))
	}
	if len(key.Prefixes) > 0 && !slices.ContainsFunc(key.Prefixes, func(p string) bool { return strings.HasPrefix(value, p) }) {
		return malformed(key, "does not begin with "+strings.Join(key.Prefixes, " or "))
	}
	return nil
}

func malformed(key Key, problem string) error {
	return fmt.Errorf("%s: %w: %s", key.Name, ErrMalformed, problem)
}

// urlProblem does not pass on url.Parse's error: that one quotes its input.
func urlProblem(schemes []string, value string) string {
	parsed, err := url.Parse(value)
	switch {
	case err != nil:
		return "not a URL"
	case !slices.Contains(schemes, parsed.Scheme):
		return "not a URL that begins with " + strings.Join(schemes, ":// or ") + "://"
	case parsed.Hostname() == "":
		return "a URL without a host"
	}
	return ""
}

func urlPassword(key Key, value string) string {
	if len(key.Schemes) == 0 {
		return ""
	}
	parsed, err := url.Parse(value)
	if err != nil {
		return ""
	}
	password, _ := parsed.User.Password()
	return password
}

// Words that stand for a value still to come. The first list is searched for
// anywhere, so it holds only what no random value contains by chance; the
// second must be the whole value.
var (
	placeholderParts = []string{"changeme", "change-me", "change_me", "replaceme", "replace-me", "replace_me", "placeholder", "your-", "your_"}
	placeholderWords = []string{"dummy", "example", "fixme", "foobar", "none", "null", "password", "secret", "tbd", "test", "todo", "undefined"}
)

func isPlaceholder(value string) bool {
	lower := strings.ToLower(value)
	switch {
	case value == "":
		return false
	case slices.ContainsFunc(placeholderParts, func(part string) bool { return strings.Contains(lower, part) }):
		return true
	case slices.Contains(placeholderWords, lower):
		return true
	case enclosed(value, "<", ">"), enclosed(value, "${", "}"), enclosed(value, "{{", "}}"):
		return true
	}
	return len(value) > 1 && strings.Trim(value, value[:1]) == ""
}

func enclosed(value, left, right string) bool {
	return strings.HasPrefix(value, left) && strings.HasSuffix(value, right)
}
