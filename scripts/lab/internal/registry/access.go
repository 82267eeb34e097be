package registry

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/auth"
)

// accessName is the name by which distribution's configuration calls access.
const accessName = "lab"

func init() {
	if err := auth.Register(accessName, newAccess); err != nil {
		panic(err) // two packages of one program use the name
	}
}

// access is who may do what: all the world reads, whoever knows the password
// also writes, and a wrong password gets nothing at all, so that a mistake
// shows at the first request.
type access struct{ user, password string }

func (a access) configuration() configuration.Auth {
	return configuration.Auth{accessName: {"user": a.user, "password": a.password}}
}

func newAccess(options map[string]any) (auth.AccessController, error) {
	user, _ := options["user"].(string)
	password, _ := options["password"].(string)
	if user == "" || password == "" {
		return nil, errors.New("the registry's access needs a user and a password")
	}
	return access{user: user, password: password}, nil
}

// Authorized implements auth.AccessController. A request without a repository
// is the ping of /v2/: it is answered by a challenge, by which clients learn
// that Basic is the scheme (they then go on without credentials to read).
func (a access) Authorized(r *http.Request, wanted ...auth.Access) (*auth.Grant, error) {
	user, password, given := r.BasicAuth()
	switch {
	case given && a.knows(user, password):
		return &auth.Grant{User: auth.UserInfo{Name: user}}, nil
	case given || r.Header.Get("Authorization") != "":
		return nil, challenge{auth.ErrAuthenticationFailure}
	case len(wanted) == 0 || !reads(wanted):
		return nil, challenge{auth.ErrInvalidCredential}
	}
	return &auth.Grant{}, nil
}

// knows takes the same time for every wrong answer.
func (a access) knows(user, password string) bool {
	sameUser := subtle.ConstantTimeCompare([]byte(user), []byte(a.user))
	samePassword := subtle.ConstantTimeCompare([]byte(password), []byte(a.password))
	return sameUser&samePassword == 1
}

func reads(wanted []auth.Access) bool {
	for _, want := range wanted {
		if want.Type != "repository" || want.Action != "pull" {
			return false
		}
	}
	return true
}

// challenge implements auth.Challenge: 401, and how to do better.
type challenge struct{ cause error }

func (c challenge) Error() string { return fmt.Sprintf("basic authentication: %s", c.cause) }

func (challenge) SetHeaders(_ *http.Request, w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Basic realm="team-dashboard lab"`)
}
