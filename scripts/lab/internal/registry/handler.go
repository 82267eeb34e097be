package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem" // the storage named in configure
	"github.com/sirupsen/logrus"
)

// Options are what a registry is made of.
type Options struct {
	// Storage is the folder that holds the images. They survive a restart.
	Storage string

	// User and Password are what it takes to push.
	User     string
	Password string

	// Log gets a line for each request; see logRequests.
	Log io.Writer
}

// Handler is the registry: distribution's, with the lab's access and log.
func Handler(ctx context.Context, o Options) http.Handler {
	// distribution logs every 404 as an error. The status in the access log
	// says that, too; what remains are failures of the storage.
	logrus.SetLevel(logrus.FatalLevel)
	return logRequests(o.Log, handlers.NewApp(ctx, o.configure()))
}

func (o Options) configure() *configuration.Configuration {
	config := &configuration.Configuration{
		Storage: configuration.Storage{
			"filesystem":  {"rootdirectory": o.Storage},
			"delete":      {"enabled": true},
			"maintenance": {"uploadpurging": map[any]any{"enabled": false}},
		},
		Auth: access{user: o.User, password: o.Password}.configuration(),
	}
	// Uploads that a restart interrupts go on afterwards when the key that
	// their addresses are signed with stays the same.
	secret := sha256.Sum256([]byte("uploads " + o.Password))
	config.HTTP.Secret = hex.EncodeToString(secret[:])
	return config
}
