package addons

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/kube"
)

// gatewayClass is the class of Gateways that Traefik serves.
const gatewayClass = "traefik"

// accepts asks whether Traefik has taken up its class of Gateways.
func (a *Addons) accepts(ctx context.Context) error {
	text, err := kube.NewAPI(a.host).Get(ctx, "/apis/gateway.networking.k8s.io/v1/gatewayclasses/"+gatewayClass)
	if err != nil {
		return err
	}
	return readAccepted(text)
}

func readAccepted(text []byte) error {
	var class struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := json.Unmarshal(text, &class); err != nil {
		return fmt.Errorf("reading the GatewayClass %q: %w", gatewayClass, err)
	}
	for _, condition := range class.Status.Conditions {
		if condition.Type == "Accepted" && condition.Status == "True" {
			return nil
		}
	}
	return fmt.Errorf("no controller has accepted the GatewayClass %q: %+v", gatewayClass, class.Status.Conditions)
}
