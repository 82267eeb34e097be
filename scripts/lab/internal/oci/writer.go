package oci

import (
	"archive/tar"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// written is the time that every file of every layer carries: what a layer
// holds decides its digest, not when it was made.
var written = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// A Writer writes the files of a layer.
type Writer struct {
	tar   *tar.Writer
	links map[inode]string // the first name of each file with several
}

type inode struct{ device, number uint64 }

func newWriter(w io.Writer) *Writer {
	return &Writer{tar: tar.NewWriter(w), links: map[inode]string{}}
}

// Owner is the user and the group that a file belongs to, by number.
type Owner struct{ UID, GID int }

// Dir adds a folder.
func (w *Writer) Dir(name string, mode fs.FileMode, owner Owner) error {
	return w.header(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: bits(mode), Uid: owner.UID, Gid: owner.GID})
}

// Text adds a file of root's with this content.
func (w *Writer) Text(name string, mode fs.FileMode, text []byte) error {
	if err := w.header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: bits(mode), Size: int64(len(text))}); err != nil {
		return err
	}
	_, err := w.tar.Write(text)
	return err
}

// Symlink adds a symbolic link to target.
func (w *Writer) Symlink(name, target string) error {
	return w.header(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777})
}

// File adds the file at source, as root's.
func (w *Writer) File(name string, mode fs.FileMode, source string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if err := w.header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: bits(mode), Size: info.Size()}); err != nil {
		return err
	}
	return w.content(source)
}

// Tree adds all that is below the folder dir, under the folder name of the
// layer ("" is its root), with the modes and owners that it has there. What
// skip names by its path in the layer is left out; a folder with all below it.
// Device files are always left out: the runtime makes its own.
func (w *Writer) Tree(name, dir string, skip func(path string) bool) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		below, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		target := filepath.Join(name, below)
		switch {
		case skip != nil && skip(target) && entry.IsDir():
			return filepath.SkipDir
		case skip != nil && skip(target):
			return nil
		}
		if err := w.copy(target, path, entry); err != nil {
			return fmt.Errorf("adding %q: %w", path, err)
		}
		return nil
	})
}

func (w *Writer) copy(name, path string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	stat := info.Sys().(*syscall.Stat_t)
	header := &tar.Header{Name: name, Mode: bits(info.Mode()), Uid: int(stat.Uid), Gid: int(stat.Gid)}
	switch info.Mode().Type() {
	case 0:
		return w.regular(header, path, info, stat)
	case fs.ModeDir:
		header.Typeflag, header.Name = tar.TypeDir, name+"/"
	case fs.ModeSymlink:
		header.Typeflag = tar.TypeSymlink
		if header.Linkname, err = os.Readlink(path); err != nil {
			return err
		}
	default:
		return nil
	}
	return w.header(header)
}

func (w *Writer) regular(header *tar.Header, path string, info fs.FileInfo, stat *syscall.Stat_t) error {
	if stat.Nlink > 1 {
		id := inode{stat.Dev, stat.Ino}
		if first, ok := w.links[id]; ok {
			header.Typeflag, header.Linkname = tar.TypeLink, first
			return w.header(header)
		}
		w.links[id] = header.Name
	}
	header.Typeflag, header.Size = tar.TypeReg, info.Size()
	if err := w.header(header); err != nil {
		return err
	}
	return w.content(path)
}

func (w *Writer) header(header *tar.Header) error {
	header.Name = strings.TrimPrefix(header.Name, "/")
	header.ModTime = written
	header.Format = tar.FormatPAX
	return w.tar.WriteHeader(header)
}

func (w *Writer) content(source string) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(w.tar, file)
	return err
}

// bits are the permissions of a mode as tar has them.
func bits(mode fs.FileMode) int64 {
	bits := int64(mode.Perm())
	for special, bit := range map[fs.FileMode]int64{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if mode&special != 0 {
			bits |= bit
		}
	}
	return bits
}
