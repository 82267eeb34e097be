package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// ErrUnreachable is in every error of a request that the API server did not answer.
	ErrUnreachable = errors.New("the API server does not answer")
	// ErrPreconditionFailed is in the error of a change whose precondition no longer held: another writer was
	// faster. Nothing was changed.
	ErrPreconditionFailed = errors.New("the object was changed by somebody else")
	// ErrUnknownKind is in the error of a call for a kind that the cluster does not have.
	ErrUnknownKind = errors.New("the cluster does not know this kind")
)

// schemaless stands for the resource in errors that no API server made.
var schemaless schema.GroupResource

// IsNotFound reports whether the object does not exist.
func IsNotFound(err error) bool { return apierrors.IsNotFound(err) }

// IsForbidden reports whether the user lacks the right, or an admission rule refused the object.
func IsForbidden(err error) bool { return apierrors.IsForbidden(err) }

// IsInvalid reports whether the API server found the object itself wrong.
func IsInvalid(err error) bool {
	return (apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || isMistyped(err)) && !IsConflict(err)
}

// isMistyped reports whether a field of an applied object has a value of another type than the kind's schema says. The API
// server answers that with a 500, as if it were its own fault (k8s.io/apimachinery/pkg/util/managedfields/internal).
func isMistyped(err error) bool {
	return code(err) == http.StatusInternalServerError && strings.Contains(err.Error(), "failed to create typed patch object")
}

// IsConflict reports whether somebody else's change came first.
func IsConflict(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || errors.Is(err, ErrPreconditionFailed)
}

// IsTransient reports whether the same request may succeed if it is sent again: the API server is away, overloaded or
// restarting. What outlasted an outage budget is not transient any more.
func IsTransient(err error) bool {
	var outlasted *lasting
	if errors.As(err, &outlasted) {
		return false
	}
	if errors.Is(err, ErrUnreachable) {
		var certificate *tls.CertificateVerificationError
		return !errors.As(err, &certificate)
	}
	if isMistyped(err) {
		return false
	}
	switch code(err) {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// code returns the HTTP status of the API server's answer, or 0.
func code(err error) int32 {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Code
	}
	return 0
}

// explain wraps an error as `doing x to "object": cause; what to do`.
func explain(doing string, err error) error {
	if advice := advise(err); advice != "" {
		return fmt.Errorf("%s: %w; %s", doing, err, advice)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// advise says what the reader can do, where the cause does not say it already.
func advise(err error) string {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ""
	case errors.Is(err, ErrNotServing):
		return "look at the state and the logs of its pods"
	case errors.Is(err, ErrUnreachable):
		return "check the network and the API server, then run the same command again, which goes on from there"
	case errors.Is(err, ErrUnknownKind):
		return "install what provides it, or leave the object out"
	case IsConflict(err):
		return "run the same command again"
	case apierrors.IsUnauthorized(err):
		return "get a new kubeconfig, its credentials are unknown or have expired"
	case IsForbidden(err) && isRBAC(err):
		return "give the kubeconfig's user this right, or use another kubeconfig"
	case IsTransient(err):
		return "the API server is overloaded or restarting, run the same command again in a minute"
	}
	return ""
}

// isRBAC tells a missing right from an admission rule (quota, Pod Security), which share the reason Forbidden.
func isRBAC(err error) bool {
	return strings.Contains(err.Error(), " cannot ")
}

// explainConnect words the failure of the first request for the person at the prompt.
func explainConnect(server *url.URL, address string, err error) error {
	doing := fmt.Sprintf("connecting to the API server %s", server.Host)
	if address != "" {
		doing += fmt.Sprintf(" by way of %s", address)
	}
	var certificate *tls.CertificateVerificationError
	var lookup *net.DNSError
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, err)
	case errors.As(err, &certificate):
		return fmt.Errorf("%s: its certificate is not the one that the kubeconfig expects: %w; "+
			"check certificate-authority-data and tls-server-name, or whether the address belongs to another cluster", doing, certificate.Err)
	case errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Errorf("%s: %w; the server there does not speak TLS, check scheme and port of the kubeconfig's server", doing, err)
	case errors.Is(err, ErrUnreachable) && address == "" && isLoopback(server):
		return fmt.Errorf("%s: %w; it listens on the loopback of your machine, which the pipeline's container cannot see: add --api-server tcp://%s", doing, err, hostPort(server))
	case errors.As(err, &lookup):
		return fmt.Errorf("%s: %w; check the server's name in the kubeconfig and whether its network (VPN) can be reached from here", doing, err)
	case apierrors.IsUnauthorized(err):
		return fmt.Errorf("%s: it refuses the kubeconfig's credentials: %w; they are unknown or have expired, get a new kubeconfig", doing, err)
	case IsForbidden(err):
		return fmt.Errorf("%s: %w; the kubeconfig's user may not even look: give it credentials and the role system:discovery", doing, err)
	case IsNotFound(err), code(err) != 0 && !IsTransient(err):
		return fmt.Errorf("%s: %w; something answers there that is no Kubernetes API server, check the kubeconfig's server", doing, err)
	}
	return explain(doing, err)
}

func isLoopback(server *url.URL) bool {
	ip := net.ParseIP(server.Hostname())
	return server.Hostname() == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// hostPort is the server's address with the port that its scheme implies.
func hostPort(server *url.URL) string {
	if server.Port() != "" {
		return server.Host
	}
	if server.Scheme == "http" {
		return net.JoinHostPort(server.Hostname(), "80")
	}
	return net.JoinHostPort(server.Hostname(), "443")
}
