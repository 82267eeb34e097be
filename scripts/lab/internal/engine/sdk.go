package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
)

// The engine brings its Go SDK along as an image, by which it turns a module's
// source into a program: a small Debian with git, this machine's Go, Dagger's
// code generator, and Go's caches, filled with the standard library.

// debian is the release that the SDK image is made from.
const debian = "bookworm"

// bundle is where Debian keeps the certificates that are trusted.
const bundle = "etc/ssl/certs/ca-certificates.crt"

// An sdkImage is an OCI layout with one image in it.
type sdkImage struct{ layout, digest string }

// sdkImage makes the image, as far as it is not made yet. Its layers are kept
// apart, since they cost much and change for different reasons.
func (e *Engine) sdkImage(ctx context.Context, tools, system string) (sdkImage, error) {
	golang, err := e.goLayer(ctx, system, tools)
	if err != nil {
		return sdkImage{}, err
	}
	trust, err := e.trustLayer(ctx)
	if err != nil {
		return sdkImage{}, err
	}
	return e.writeImage([]string{filepath.Join(system, layerFile), filepath.Join(golang, layerFile), trust})
}

// layerFile is the name of a layer's tar file in its cache folder.
const layerFile = "layer.tar"

// systemLayer is Debian.
func (e *Engine) systemLayer(ctx context.Context) (string, error) {
	const packages = "ca-certificates,git"
	return build.Once(ctx, e.host, "sdk-system", build.Key(debian, packages), func(ctx context.Context, dir string) error {
		return part.Step(ctx, "unpacking Debian for the Go SDK", func(ctx context.Context) error {
			return e.host.Run(ctx, "nice", "mmdebstrap", "--variant=minbase", "--include="+packages,
				debian, filepath.Join(dir, layerFile))
		})
	})
}

// goLayer is Go, the code generator, and Go's caches.
func (e *Engine) goLayer(ctx context.Context, system, tools string) (string, error) {
	env, err := goEnv(ctx, e.host)
	if err != nil {
		return "", err
	}
	codegen := filepath.Join(tools, "codegen")
	generator, err := build.HashFile(codegen)
	if err != nil {
		return "", err
	}
	key := build.Key(system, generator, env["GOVERSION"], env["GOROOT"], runtime.GOARCH)
	return build.Once(ctx, e.host, "sdk-go", key, func(ctx context.Context, dir string) error {
		return part.Step(ctx, "putting Go into the Go SDK", func(ctx context.Context) error {
			return e.fillGoLayer(ctx, filepath.Join(system, layerFile), env["GOROOT"], codegen, dir)
		})
	})
}

// goScript runs in the image to be. It fills Go's build cache with what every
// program has in it.
const goScript = `export PATH=/usr/local/go/bin:/usr/bin:/bin HOME=/root GOPATH=/go GOTOOLCHAIN=local CGO_ENABLED=0
mkdir -p /go/pkg/mod && nice go build std`

func (e *Engine) fillGoLayer(ctx context.Context, system, goroot, codegen, dir string) error {
	root := filepath.Join(dir, "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		return err
	}
	for _, command := range [][]string{
		{"tar", "-C", root, "-xf", system},
		{"mkdir", "-p", root + "/usr/local/go"},
		{"sh", "-c", `tar -C "$0" --exclude=./test --exclude=./api --exclude=./doc -cf - . | tar -C "$1" --no-same-owner -xf -`, goroot, root + "/usr/local/go"},
		{"install", "-m", "755", codegen, root + "/usr/local/bin/codegen"},
		// A private mount namespace takes the mounts away again in any case.
		{"unshare", "--mount", "--propagation=private", "sh", "-ec", `
			mount --bind /dev "$0/dev"
			mount -t proc proc "$0/proc"
			mount -t tmpfs tmpfs "$0/tmp"
			exec chroot "$0" sh -ec "$1"`, root, goScript},
		{"tar", "-C", root, "--numeric-owner", "-cf", filepath.Join(dir, layerFile), "usr/local/go", "usr/local/bin/codegen", "go", "root/.cache"},
		{"rm", "-rf", root},
	} {
		if err := e.host.Run(ctx, command...); err != nil {
			return err
		}
	}
	return nil
}

// trustLayer is a bundle of the certificates that this machine trusts, which
// may include one of its way out, and the lab's CA.
func (e *Engine) trustLayer(ctx context.Context) (string, error) {
	ca, err := pki.Load(ctx, e.host)
	if err != nil {
		return "", err
	}
	trusted, err := os.ReadFile("/" + bundle)
	if err != nil {
		return "", fmt.Errorf("reading the certificates that this machine trusts: %w", err)
	}
	content := append(append(trusted, '\n'), ca.PEM()...)
	layer := e.file("trust.tar")
	text, err := tarOf(bundle, content)
	if err != nil {
		return "", err
	}
	_, err = host.Write(layer, text, 0o644)
	return layer, err
}
