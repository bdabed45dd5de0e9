// Package full plays its stories with a whole kube-apiserver on a whole etcd. Both are linked into the test, which
// runs itself again for each: an apiserver cannot be started twice in a process.
package full

import (
	"os"
	"testing"
)

// role says which child this process is.
const role = "SEALKIT_STORY_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "apiserver":
		os.Exit(runAPIServer())
	case "etcd":
		os.Exit(runEtcd())
	default:
		panic(os.Getenv(role))
	}
}
