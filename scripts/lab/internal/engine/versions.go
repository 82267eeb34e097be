package engine

// The version of Dagger, and what that version implies. builds/dagger/go.mod
// names it too.
const (
	version = "v0.20.6"

	// sdkCommit is what this version's Go SDK asks for in place of a version
	// of dagger.io/dagger: goSDKLibVersion in core/sdk/go_sdk.go.
	sdkCommit = "dagger.io/dagger@7058e9313c720d82c6a07fefb6ce3fab60c7ec4e"

	// digestVariable tells the engine which image in its content folder is
	// the Go SDK: GoSDKManifestDigestEnvName in engine/distconsts.
	digestVariable = "DAGGER_GO_SDK_MANIFEST_DIGEST"
)

// pins are the modules that generated code imports and dagger.io/dagger does
// not require, at the versions of the engine's own go.mod.
var pins = []string{
	"github.com/dagger/otel-go=v1.41.1-0.20260303185236-072f65948887",
	"go.opentelemetry.io/otel=v1.42.0",
}
