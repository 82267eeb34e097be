package image

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// CheckPush says whether images may be pushed to the repositories, so that a
// build of many minutes does not end in a refused push. A token may have the right
// to one and not to another: each is asked for, and all that refuse are named. It
// begins an upload and abandons it; nothing stays in the registry.
func (r *Registry) CheckPush(ctx context.Context, repositories ...string) error {
	return each(ctx, repositories, r.checkPush)
}

func (r *Registry) checkPush(ctx context.Context, repository string) error {
	parsed, err := name.NewRepository(repository, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("checking the right to push to %q: %w; give registry/repository", repository, err)
	}
	// The library asks for a tag here, but uses the repository only.
	tag := parsed.Tag("check")
	transport := bound{ctx, r.transport}
	if err := remote.CheckPushPermission(tag, r.credentials, transport); err != nil {
		return fmt.Errorf("checking the right to push to %q: %w", repository, r.cause(parsed, err))
	}
	return nil
}

// bound ends requests with the context, for library calls that take none. The one
// that abandons the upload comes after the answer was given, and may outlive it.
type bound struct {
	ctx   context.Context
	inner http.RoundTripper
}

func (b bound) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx := b.ctx
	if request.Method == http.MethodDelete {
		ctx = context.WithoutCancel(ctx)
	}
	return b.inner.RoundTrip(request.WithContext(ctx))
}
