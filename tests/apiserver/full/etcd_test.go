package full

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"sealkit.test/rig"
)

// etcd is a store of one member, read here past the apiserver.
type etcd struct {
	t      *testing.T
	url    string
	client *clientv3.Client
}

func startEtcd(t *testing.T) *etcd {
	t.Helper()
	store := &etcd{t: t, url: "http://" + rig.FreeAddress(t)}
	cmd := exec.Command(os.Args[0], store.url, "http://"+rig.FreeAddress(t), t.TempDir())
	cmd.Env = append(os.Environ(), role+"=etcd")
	rig.Start(t, "etcd", cmd)
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{store.url}, DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	store.client = client
	rig.Eventually(t, 60*time.Second, "etcd answers", func() error {
		_, err := client.Get(t.Context(), "/")
		return err
	})
	return store
}

// runEtcd is the child: arguments are its client URL, its peer URL and its directory.
func runEtcd() int {
	config := embed.NewConfig()
	client, peer := mustURL(os.Args[1]), mustURL(os.Args[2])
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.Dir = os.Args[3]
	config.LogLevel = "warn"
	// What is stored matters for minutes.
	config.UnsafeNoFsync = true
	server, err := embed.StartEtcd(config)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintln(os.Stderr, <-server.Err())
	return 1
}

func mustURL(text string) url.URL {
	parsed, err := url.Parse(text)
	if err != nil {
		panic(err)
	}
	return *parsed
}

// stored is what lies in etcd for an object: resource/namespace/name.
func (e *etcd) stored(object string) []byte {
	e.t.Helper()
	answer, err := e.client.Get(e.t.Context(), "/registry/"+object)
	if err != nil {
		e.t.Fatal(err)
	}
	if len(answer.Kvs) != 1 {
		e.t.Fatalf("etcd holds %d of /registry/%s", len(answer.Kvs), object)
	}
	return answer.Kvs[0].Value
}

// everything is all that lies in etcd.
func (e *etcd) everything() map[string][]byte {
	e.t.Helper()
	answer, err := e.client.Get(e.t.Context(), "/", clientv3.WithPrefix())
	if err != nil {
		e.t.Fatal(err)
	}
	all := make(map[string][]byte, len(answer.Kvs))
	for _, pair := range answer.Kvs {
		all[string(pair.Key)] = pair.Value
	}
	return all
}

// store puts an object there, past every apiserver.
func (e *etcd) store(object string, value []byte) {
	e.t.Helper()
	if _, err := e.client.Put(e.t.Context(), "/registry/"+object, string(value)); err != nil {
		e.t.Fatal(err)
	}
}
