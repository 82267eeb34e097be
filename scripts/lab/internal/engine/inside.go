package engine

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// caInside is where the engine finds the lab's CA.
const caInside = "/etc/dagger/lab-ca.pem"

// cgroup is the control group that the engine's containers are in.
const cgroup = "lab-engine"

// tomlInside is the engine's other configuration file. Its containers get
// control groups that can be told from anybody else's.
const tomlInside = `[worker.oci]
  defaultCgroupParent = "` + cgroup + `"
`

// Inside is the command "lab engine-inside": it runs in mount and process
// namespaces of its own, makes a root file system for the engine, and becomes
// the engine.
//
//	-tools DIR    Dagger's programs
//	-content DIR  the images that the engine brings along, an OCI layout
//	-state DIR    where the engine keeps its data; on a real file system
func Inside(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("engine-inside", flag.ContinueOnError)
	var box sandbox
	flags.StringVar(&box.tools, "tools", "", "folder of Dagger's programs")
	flags.StringVar(&box.content, "content", "", "OCI layout of the builtin images")
	flags.StringVar(&box.state, "state", "", "folder for the engine's data")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := box.make(); err != nil {
		return fmt.Errorf("making the engine's root file system: %w", err)
	}
	if err := box.enter(); err != nil {
		return fmt.Errorf("entering the engine's root file system: %w", err)
	}
	if err := raiseFileLimit(); err != nil {
		return err
	}
	return unix.Exec("/usr/local/bin/dagger-engine", []string{"dagger-engine", "--config", "/etc/dagger/engine.toml"}, insideEnv())
}

// A sandbox is the engine's root file system: the machine's own, with changes
// that go to memory, and with what the engine expects in certain places.
type sandbox struct{ tools, content, state string }

func (b sandbox) base() string                { return filepath.Join(b.state, "sandbox") }
func (b sandbox) root() string                { return filepath.Join(b.base(), "root") }
func (b sandbox) in(path string) string       { return filepath.Join(b.root(), path) }
func (b sandbox) stateFile(n string) string   { return filepath.Join(b.state, n) }
func (b sandbox) toolFile(name string) string { return filepath.Join(b.tools, name) }

func (b sandbox) make() error {
	if err := b.overlay(); err != nil {
		return err
	}
	if err := b.mounts(); err != nil {
		return err
	}
	if err := b.links(); err != nil {
		return err
	}
	return b.files()
}

// overlay puts a writable layer over the machine's root: the engine rewrites
// resolv.conf and more, and none of that may reach the machine.
func (b sandbox) overlay() error {
	if err := os.MkdirAll(b.base(), 0o700); err != nil {
		return err
	}
	if err := mount("tmpfs", b.base(), "tmpfs", 0, "mode=0700"); err != nil {
		return err
	}
	upper, work := filepath.Join(b.base(), "upper"), filepath.Join(b.base(), "work")
	for _, dir := range []string{upper, work, b.root()} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	return mount("overlay", b.root(), "overlay", 0, "lowerdir=/,upperdir="+upper+",workdir="+work)
}

func (b sandbox) mounts() error {
	const recursive = unix.MS_BIND | unix.MS_REC
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
	}{
		{"proc", "/proc", "proc", 0},
		// A fresh sysfs shows this network namespace's devices. In another's
		// the engine finds no statistics of its own, and panics.
		{"sysfs", "/sys", "sysfs", 0},
		{"/sys/fs/cgroup", "/sys/fs/cgroup", "", recursive},
		{"/dev", "/dev", "", recursive},
		{"tmpfs", "/run", "tmpfs", 0},
		{"tmpfs", "/tmp", "tmpfs", 0},
		{b.stateFile("data"), "/var/lib/dagger", "", unix.MS_BIND},
		{b.stateFile("run"), "/run/dagger", "", unix.MS_BIND},
		{b.content, "/usr/local/share/dagger/content", "", unix.MS_BIND},
		// From CA certificates here the engine would make every container's
		// exec slower by an update of the container's bundle.
		{"tmpfs", "/usr/local/share/ca-certificates", "tmpfs", 0},
	} {
		if err := os.MkdirAll(b.in(m.target), 0o755); err != nil {
			return err
		}
		if err := mount(m.source, b.in(m.target), m.kind, m.flags, ""); err != nil {
			return err
		}
	}
	return nil
}

// links puts programs where the engine looks for them.
func (b sandbox) links() error {
	links := map[string]string{
		"/usr/local/bin/runc":           "/usr/sbin/runc",
		"/usr/bin/xtables-legacy-multi": "/usr/sbin/xtables-legacy-multi",
		"/usr/bin/xtables-nft-multi":    "/usr/sbin/xtables-nft-multi",
	}
	for _, plugin := range []string{"bridge", "firewall", "host-local", "loopback"} {
		links["/opt/cni/bin/"+plugin] = "/usr/lib/cni/" + plugin
	}
	for name, target := range links {
		if err := host.Link(target, b.in(name)); err != nil {
			return err
		}
	}
	return nil
}

func (b sandbox) files() error {
	for from, to := range map[string]string{
		b.toolFile("engine"):       "/usr/local/bin/dagger-engine",
		b.toolFile("init"):         "/usr/local/bin/dagger-init",
		b.toolFile("dnsname"):      "/opt/cni/bin/dnsname",
		b.stateFile("engine.json"): "/etc/dagger/engine.json",
		b.stateFile("lab-ca.pem"):  caInside,
	} {
		if err := copyFile(from, b.in(to)); err != nil {
			return err
		}
	}
	if _, err := host.Write(b.in("/etc/dagger/engine.toml"), []byte(tomlInside), 0o644); err != nil {
		return err
	}
	if err := b.nameHosts(); err != nil {
		return err
	}
	return b.nameServers()
}

// nameHosts lets the engine and, through its name server, its containers and
// modules find the lab's registry under the names of the public ones.
func (b sandbox) nameHosts() error {
	ours, err := os.ReadFile(b.stateFile("hosts"))
	if err != nil {
		return err
	}
	machines, err := os.ReadFile("/etc/hosts")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(b.in("/etc/hosts"), append(ours, machines...), 0o644)
}

// nameServers writes the sandbox's resolv.conf.
func (b sandbox) nameServers() error {
	machines, err := os.ReadFile("/etc/resolv.conf")
	if err != nil {
		return err
	}
	resolved, err := os.ReadFile("/run/systemd/resolve/resolv.conf")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	file := b.in("/etc/resolv.conf")
	if err := os.RemoveAll(file); err != nil { // often a link into /run
		return err
	}
	return os.WriteFile(file, resolvConf(machines, resolved), 0o644)
}

// resolvConf chooses what the engine's name server asks: not one on the
// machine's loopback, which is out of its reach, but those that systemd-resolved
// behind it asks, if that is there.
func resolvConf(machines, resolved []byte) []byte {
	if len(resolved) > 0 && bytes.Contains(machines, []byte("nameserver 127.")) {
		return resolved
	}
	return machines
}

// enter makes the sandbox this process's root, and lets go of the old one.
func (b sandbox) enter() error {
	if err := os.Chdir(b.root()); err != nil {
		return err
	}
	if err := os.Mkdir(".old", 0o700); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", ".old"); err != nil {
		return err
	}
	return unix.Unmount("/.old", unix.MNT_DETACH)
}

// insideEnv is the engine's environment: nothing of whoever started the lab.
func insideEnv() []string {
	env := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		"DO_NOT_TRACK=1",
	}
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); name == digestVariable || strings.HasPrefix(name, "_DAGGER_ENGINE_") {
			env = append(env, variable)
		}
	}
	return env
}

func raiseFileLimit() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)
}

func mount(source, target, kind string, flags uintptr, options string) error {
	if err := unix.Mount(source, target, kind, flags, options); err != nil {
		return fmt.Errorf("mounting %q on %q: %w", source, target, err)
	}
	return nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	_, err = host.Write(to, content, 0o755)
	return err
}
