package render

import (
	"fmt"
	"io/fs"
	"os"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// root is where the folder of the manifests appears to kustomize; its errors
// show it, so it reads like the repository's.
const root = "/k8s"

// load copies a folder of manifests into memory, where an overlay can be laid
// over them without writing beside a user's files. Links are not followed.
func load(dir string) (filesys.FileSystem, error) {
	files := filesys.MakeFsInMemory()
	source := os.DirFS(dir)
	err := fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
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
