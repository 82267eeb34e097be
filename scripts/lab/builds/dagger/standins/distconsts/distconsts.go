// Package distconsts names the places in an engine's file system that the
// engine and its packaging agree upon, and the images it may fall back to.
package distconsts

const (
	EngineContainerName    = "dagger-engine"
	DefaultEngineSockAddr  = "unix:///run/dagger/engine.sock"
	EngineDefaultStateDir  = "/var/lib/dagger"
	EngineCustomCACertsDir = "/usr/local/share/ca-certificates"

	RuncPath       = "/usr/local/bin/runc"
	DaggerInitPath = "/usr/local/bin/dagger-init"

	// The builtin SDKs are images in an OCI layout, each found by the digest
	// in an environment variable of the engine.
	EngineContainerBuiltinContentDir   = "/usr/local/share/dagger/content"
	GoSDKManifestDigestEnvName         = "DAGGER_GO_SDK_MANIFEST_DIGEST"
	PythonSDKManifestDigestEnvName     = "DAGGER_PYTHON_SDK_MANIFEST_DIGEST"
	TypescriptSDKManifestDigestEnvName = "DAGGER_TYPESCRIPT_SDK_MANIFEST_DIGEST"

	OCIVersionAnnotation = "org.opencontainers.image.version"

	AlpineVersion = "3.22.1"
	AlpineImage   = "alpine:" + AlpineVersion
	BusyboxImage  = "busybox:1.37.0"
	GolangImage   = "golang:1.26-alpine"
)
