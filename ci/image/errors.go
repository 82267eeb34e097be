package image

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// What an error of this package is, told apart with errors.Is.
var (
	// ErrNotFound: the repository, the tag or the digest does not exist.
	ErrNotFound = errors.New("not found")
	// ErrDenied: credentials are missing, refused or not sufficient.
	ErrDenied = errors.New("access denied")
	// ErrUnreachable: no answer came from the registry, or one that it is down.
	ErrUnreachable = errors.New("registry unreachable")
	// ErrPlatform: the image exists, but not for a platform that is needed.
	ErrPlatform = errors.New("platform missing")
	// ErrImmutable: the tag is there, and the registry lets nobody move it.
	ErrImmutable = errors.New("tag is immutable")

	// errCredentials is the ErrDenied of all repositories of a registry.
	errCredentials = fmt.Errorf("%w", ErrDenied)
)

// explain turns what the registry or the network answered into an error for a
// person: what was being done to which image, why it failed, what to do.
func (r *Registry) explain(doing string, ref name.Reference, err error) error {
	return fmt.Errorf("%s %q: %w", doing, ref, r.cause(ref.Context(), err))
}

func (r *Registry) cause(repository name.Repository, err error) error {
	if diagnosed := r.diagnose(repository, err); diagnosed != nil {
		return diagnosed
	}
	return err
}

// diagnose says what kind of error it is and what to do, or nil if it is none of
// the known ones.
func (r *Registry) diagnose(repository name.Repository, err error) error {
	var answer *transport.Error
	if errors.As(err, &answer) {
		return r.diagnoseAnswer(repository, answer)
	}
	var silent silence
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &silent):
		return fmt.Errorf("%w: %s took the connection and does not answer (%s); try again later", ErrUnreachable, repository.RegistryStr(), silent)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return nil
	case errors.As(err, &certificate):
		return fmt.Errorf("%w: %s presents a certificate that is not trusted (%s); give the authority that signed it with --ca", ErrUnreachable, repository.RegistryStr(), certificate.Err)
	}
	return fmt.Errorf("%w: %s; check the network and that %s is the registry's name", ErrUnreachable, err, repository.RegistryStr())
}

func (r *Registry) diagnoseAnswer(repository name.Repository, answer *transport.Error) error {
	unknownRepository := slices.ContainsFunc(answer.Errors, func(d transport.Diagnostic) bool { return d.Code == transport.NameUnknownErrorCode })
	switch {
	case answer.StatusCode == http.StatusUnauthorized && r.username == "":
		return fmt.Errorf("%w: %s asks for credentials and none were given; give --registry-username and --registry-password (for ghcr.io, where new packages are private, a token with read:packages, to push write:packages)", errCredentials, repository.RegistryStr())
	case answer.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("%w: %s refuses the credentials of user %q; check that the password or token is right and has not expired", errCredentials, repository.RegistryStr(), r.username)
	case answer.StatusCode == http.StatusForbidden && r.username == "":
		return fmt.Errorf("%w: repository %s does not exist or is private, as new packages of ghcr.io are; make it public in the package's settings, or give --registry-username and --registry-password here and a pull secret to the cluster", ErrDenied, repository)
	case answer.StatusCode == http.StatusForbidden:
		return fmt.Errorf("%w: user %q may not do this in repository %s, or it does not exist; ask its owner for the right (ghcr.io: a token with write:packages, to read read:packages, and this repository under Manage access in the package's settings)", ErrDenied, r.username, repository)
	case answer.StatusCode == http.StatusNotFound && unknownRepository:
		return fmt.Errorf("%w: there is no repository %s; check the name, or publish to it first", ErrNotFound, repository)
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w: there is no such image; check the version or digest, or publish it first", ErrNotFound)
	case answer.StatusCode == http.StatusTooManyRequests:
		return fmt.Errorf("%w: %s answers no more requests for now (429); try again later, with credentials if none were given", ErrUnreachable, repository.RegistryStr())
	case answer.StatusCode >= http.StatusInternalServerError:
		return fmt.Errorf("%w: %s answers %d after several tries; try again later", ErrUnreachable, repository.RegistryStr(), answer.StatusCode)
	}
	return nil
}
