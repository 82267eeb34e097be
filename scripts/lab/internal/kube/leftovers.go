package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// What Down takes away if something was killed and could not clean up behind
// itself. All of it is recognized by names that are the lab's own.

const (
	// cniResults is where CNI's library keeps notes of what it did.
	cniResults = "/var/lib/cni/results"

	// netpolTable is the table that the program netpol makes.
	netpolTable = "lab-netpol"

	// cgroup is the control group that the kubelet makes for all pods.
	cgroup = "kubepods"

	// logLinks is where the kubelet links to the logs of containers.
	logLinks = "/var/log/containers"
)

// shared are folders that programs make for all their kind on the machine.
var shared = []string{
	"/run/containerd/s", "/run/containerd/fifo", "/run/containerd/runc/k8s.io", "/run/containerd/runc", "/run/containerd",
	cniResults, "/var/lib/cni", logLinks,
}

// endShims ends the processes that stand between containerd and each pod.
func endShims() error {
	cmdlines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, file := range cmdlines {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		args := strings.Split(string(text), "\x00")
		if !strings.Contains(filepath.Base(args[0]), "containerd-shim") || !slices.Contains(args, socket) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return err
		}
		if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("ending the shim %d: %w", pid, err)
		}
	}
	return nil
}

// unmount unmounts what is mounted below the lab's folders: pods' volumes,
// pods' root file systems, and pods' network namespaces, which end with that.
func (k *Kube) unmount() error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	var errs []error
	for _, mount := range mountsBelow(mounts, dataDir(k.host), runDir) {
		err := unix.Unmount(mount, unix.MNT_DETACH)
		// It may have gone with another one, or be out of reach below one.
		if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
			errs = append(errs, fmt.Errorf("unmounting %q: %w", mount, err))
		}
	}
	return errors.Join(errs...)
}

// mountsBelow are the mount points below the folders, the innermost first.
func mountsBelow(mountinfo []byte, folders ...string) []string {
	var found []string
	for line := range bytes.Lines(mountinfo) {
		fields := bytes.Fields(line) // field 5 is the mount point; see proc(5)
		if len(fields) < 5 {
			continue
		}
		mount := string(fields[4])
		if slices.ContainsFunc(folders, func(folder string) bool { return strings.HasPrefix(mount, folder+"/") }) {
			found = append(found, mount)
		}
	}
	slices.Sort(found)
	slices.Reverse(found)
	return found
}

// removeNotes removes what CNI noted about the networks of pods. The networks
// themselves go when they are unmounted.
func (k *Kube) removeNotes() error {
	notes, err := filepath.Glob(filepath.Join(cniResults, cniNetwork+"-*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, note := range notes {
		errs = append(errs, os.Remove(note))
	}
	return errors.Join(append(errs, os.RemoveAll(dataDir(k.host, "addresses")))...)
}

// removeFiles removes the links to logs, and the shared folders that nobody
// else uses.
func (k *Kube) removeFiles() error {
	links, err := filepath.Glob(filepath.Join(logLinks, "*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, dataDir(k.host)+"/") {
			errs = append(errs, os.Remove(link))
		}
	}
	for _, dir := range shared {
		_ = os.Remove(dir) // fails when something is in it, as it should
	}
	return errors.Join(append(errs, os.RemoveAll(runDir))...)
}

// removeTables removes the firewall rules.
func (k *Kube) removeTables(ctx context.Context) error {
	tables, err := k.host.Output(ctx, "nft", "list", "tables")
	if err != nil {
		return err
	}
	var errs []error
	for _, table := range []string{"ip kube-proxy", "ip6 kube-proxy", "ip " + netpolTable} {
		if slices.Contains(strings.Split(tables, "\n"), "table "+table) {
			errs = append(errs, k.host.Run(ctx, "nft", "delete", "table", strings.Fields(table)[0], strings.Fields(table)[1]))
		}
	}
	return errors.Join(errs...)
}
