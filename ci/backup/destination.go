package backup

import (
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// destination is where a restore goes to.
type destination struct {
	// name is that of the StatefulSet and its Service.
	name string
	// live says that it is the database that the services use.
	live                      bool
	serverExists, claimExists bool
}

// defaultInto names a database that is restored beside the live one.
const defaultInto = "restored"

func (p destination) claim() string { return dataVolume + "-" + p.name + "-0" }

func (p destination) pod() string { return p.name + "-0" }

// destination decides, and refuses what would overwrite something unasked. It only reads.
func (d Database) destination(ctx context.Context, request Request) (destination, error) {
	p := destination{name: statefulSet, live: true}
	if err := d.look(ctx, &p); err != nil {
		return p, err
	}
	if request.Force || !p.serverExists && request.Into == "" {
		return p, d.refuseTaken(ctx, p, request)
	}
	if !p.serverExists {
		return p, fmt.Errorf("--into %s: %s has no database to restore beside; leave --into out", request.Into, d.Environment.Name)
	}
	into := request.Into
	if into == "" {
		into = defaultInto
	}
	if err := checkName(into); err != nil {
		return p, err
	}
	p = destination{name: statefulSet + "-" + into}
	if err := d.look(ctx, &p); err != nil {
		return p, err
	}
	return p, d.refuseTaken(ctx, p, request)
}

func (d Database) look(ctx context.Context, p *destination) (err error) {
	if p.serverExists, err = d.exists(ctx, d.ref("StatefulSet", p.name)); err != nil {
		return err
	}
	p.claimExists, err = d.exists(ctx, d.ref("PersistentVolumeClaim", p.claim()))
	return err
}

func (d Database) exists(ctx context.Context, ref cluster.Ref) (bool, error) {
	_, err := d.Cluster.Get(ctx, ref)
	if cluster.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// refuseTaken lets nothing be overwritten but what --force names, or what the same command left unfinished.
func (d Database) refuseTaken(ctx context.Context, p destination, request Request) error {
	if request.Force || !p.claimExists && !p.serverExists {
		return nil
	}
	unfinished := ""
	if p.claimExists {
		claim, err := d.Cluster.Get(ctx, d.ref("PersistentVolumeClaim", p.claim()))
		if err != nil {
			return err
		}
		unfinished = claim.GetAnnotations()[restoreMark]
	}
	switch {
	case unfinished == request.Target.String():
		return nil
	case unfinished != "":
		return fmt.Errorf("restoring into %s: a restore of %s into it was interrupted; run that one again", p.name, unfinished)
	case p.live:
		return fmt.Errorf("restoring the database of %s: there is a volume %s already; give --force to overwrite it", d.Environment.Name, p.claim())
	}
	return fmt.Errorf("--into %s: the name is taken; give another, or remove that database: %s", p.name[len(statefulSet)+1:], d.removal(p.name))
}

// removal is the command that removes a database beside the live one.
func (d Database) removal(name string) string {
	return fmt.Sprintf("kubectl -n %s delete statefulset/%s service/%s pvc/%s", d.Environment.Namespace, name, name, destination{name: name}.claim())
}

// looking is the command that opens a database beside the live one, as the user of the services.
func (d Database) looking(name string) string {
	return fmt.Sprintf(`kubectl -n %s exec -it %s-0 -- sh -c 'psql "${POSTGRES_URL%%%%@*}@localhost/${POSTGRES_URL##*/}"'`, d.Environment.Namespace, name)
}
