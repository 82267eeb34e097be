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
	// command is what was typed to restore into it; unfinished is that of an earlier restore which has not ended.
	command, unfinished string
}

// defaultInto names a database that is restored beside the live one.
const defaultInto = "restored"

func (p destination) claim() string { return dataVolume + "-" + p.name + "-0" }

func (p destination) pod() string { return p.name + "-0" }

// destination decides, and refuses what would overwrite something unasked. It only reads.
func (d Database) destination(ctx context.Context, request Request) (destination, error) {
	p := destination{name: statefulSet, live: true, command: request.command(d.Environment.Name)}
	if err := d.look(ctx, &p); err != nil {
		return p, err
	}
	if request.Force || !p.serverExists && request.Into == "" || p.unfinished == p.command {
		return p, d.refuseTaken(p, request)
	}
	if !p.serverExists {
		return p, fmt.Errorf("--into %s: %s has no database to restore beside; leave --into out", request.Into, d.Environment.Name)
	}
	if request.Into == "" {
		request.Into = defaultInto
	}
	if err := checkName(request.Into); err != nil {
		return p, err
	}
	p = destination{name: statefulSet + "-" + request.Into, command: request.command(d.Environment.Name)}
	if err := d.look(ctx, &p); err != nil {
		return p, err
	}
	return p, d.refuseTaken(p, request)
}

// look finds out what is there.
func (d Database) look(ctx context.Context, p *destination) error {
	server, err := d.present(ctx, d.ref("StatefulSet", p.name))
	if err != nil {
		return err
	}
	claim, err := d.present(ctx, d.ref("PersistentVolumeClaim", p.claim()))
	if err != nil {
		return err
	}
	p.serverExists, p.claimExists = server != nil, claim != nil
	if p.claimExists {
		p.unfinished = claim.GetAnnotations()[RestoreMark]
	}
	return nil
}

// present reads an object; nil where there is none.
func (d Database) present(ctx context.Context, ref cluster.Ref) (*cluster.Object, error) {
	found, err := d.Cluster.Get(ctx, ref)
	if cluster.IsNotFound(err) {
		return nil, nil
	}
	return found, err
}

// refuseTaken lets nothing be overwritten but what --force names, or what the same command left unfinished.
func (d Database) refuseTaken(p destination, request Request) error {
	switch {
	case request.Force, !p.claimExists && !p.serverExists, p.unfinished == p.command:
		return nil
	case p.unfinished != "":
		return fmt.Errorf("restoring into %s: another restore into it has not ended; finish it: dagger call %s", p.name, p.unfinished)
	case p.live:
		return fmt.Errorf("restoring the database of %s: there is a volume %s already; give --force to overwrite it", d.Environment.Name, p.claim())
	}
	return fmt.Errorf("--into %s: the name is taken; give another, or remove that database: %s", p.name[len(statefulSet)+1:], d.removal(p.name))
}

// removal is the command that removes a database beside the live one.
func (d Database) removal(name string) string {
	return fmt.Sprintf("kubectl -n %s delete statefulset/%s service/%s pvc/%s", d.Environment.Namespace, name, name, destination{name: name}.claim())
}

// looking is the command that opens a database beside the live one, as the user of the services; by the server's socket,
// since a backup has the password of its day.
func (d Database) looking(name string) string {
	return fmt.Sprintf(`kubectl -n %s exec -it %s-0 -- sh -c 'account=${POSTGRES_URL#*://}; psql -U "${account%%%%:*}" -d "${POSTGRES_URL##*/}"'`, d.Environment.Namespace, name)
}
