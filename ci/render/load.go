package render

import (
	"fmt"
	"io/fs"
	"os"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// root is where the folder of the manifests appears to kustomize; its errors
// show it, so it reads like the repository's.
const root = "/k8s"

// load copies a folder of manifests into memory, where an overlay can be laid
// over them without writing beside a user's files.
func load(dir string) (filesys.FileSystem, error) {
	files := &linked{FileSystem: filesys.MakeFsInMemory(), targets: map[string]target{}}
	source := os.DirFS(dir)
	err := fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.Type() == fs.ModeSymlink:
			files.targets[root+"/"+path] = resolve(dir, path)
			return nil
		case !entry.Type().IsRegular():
			return nil
		}
		data, err := fs.ReadFile(source, path)
		if err != nil {
			return err
		}
		return files.WriteFile(root+"/"+path, data)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the manifests of %q: %w; give the folder of the manifests, k8s in the repository", dir, err)
	}
	return files, nil
}

// kustomizationFile is the one that makes a kustomization of a folder, by any
// of the names that kustomize knows; empty when there is none.
func kustomizationFile(files filesys.FileSystem, folder string) string {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		if path := folder + "/" + name; files.Exists(path) {
			return path
		}
	}
	return ""
}
