package full

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apiserver/pkg/server/options/encryptionconfig/controller"
	"k8s.io/apiserver/pkg/storage/value/encrypt/envelope/kmsv2"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"

	"sealkit.test/rig"
)

const (
	// token is the one user's; the apiserver listens on loopback.
	token = "story"
	// aheadFile names a file: once it is there, the clock of the providers in aheadProviders is three minutes ahead.
	aheadFile      = "SEALKIT_STORY_AHEAD"
	aheadProviders = "SEALKIT_STORY_AHEAD_PROVIDERS"
	// life is how long a seed may encrypt after the last Status that was no gRPC error.
	life = 3 * time.Minute
)

// apiserver is one kube-apiserver on an etcd. It can be stopped and started again.
type apiserver struct {
	*rig.Process
	t       *testing.T
	dir     string
	address string
	store   *etcd
	client  *kubernetes.Clientset
}

// newAPIServer is an apiserver that does not run yet, with its EncryptionConfiguration to be written.
func newAPIServer(t *testing.T, store *etcd) *apiserver {
	t.Helper()
	server := &apiserver{t: t, dir: t.TempDir(), address: rig.FreeAddress(t), store: store}
	server.write("tokens", fmt.Sprintf("%s,story,story,system:masters\n", token))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	server.write("service-account.key", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	return server
}

func (a *apiserver) path(name string) string { return filepath.Join(a.dir, name) }

func (a *apiserver) write(name, text string) {
	a.t.Helper()
	if err := os.WriteFile(a.path(name), []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// encryptBy writes the EncryptionConfiguration; a running apiserver looks for changes each second.
func (a *apiserver) encryptBy(providers ...rig.Provider) {
	a.t.Helper()
	rig.WriteEncryptionConfig(a.t, a.path("encryption.yaml"), providers...)
}

// start runs the apiserver until it answers /livez, which asks no KMS.
func (a *apiserver) start() {
	a.t.Helper()
	_, port, err := net.SplitHostPort(a.address)
	if err != nil {
		a.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0],
		"--etcd-servers="+a.store.url,
		"--bind-address=127.0.0.1", "--secure-port="+port, "--cert-dir="+a.path("certificates"),
		"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-issuer=https://sealkit.test",
		"--service-account-key-file="+a.path("service-account.key"),
		"--service-account-signing-key-file="+a.path("service-account.key"),
		"--token-auth-file="+a.path("tokens"), "--authorization-mode=AlwaysAllow",
		"--disable-admission-plugins=ServiceAccount",
		// As clusters have it: what refuses a pod is then Pod Security, where a story asks for it.
		"--allow-privileged=true",
		"--feature-gates=KMSv1=true",
		// Every LIST goes to etcd, and so through the plugin.
		"--watch-cache=false",
		"--encryption-provider-config="+a.path("encryption.yaml"),
		"--encryption-provider-config-automatic-reload=true")
	cmd.Env = append(os.Environ(), role+"=apiserver", aheadFile+"="+a.path("ahead"), aheadProviders+"="+providerNames)
	a.Process = rig.Start(a.t, "apiserver", cmd)
	a.client = nil
	rig.Eventually(a.t, 120*time.Second, "the apiserver lives", func() error {
		if a.Ended() {
			a.t.Fatalf("the apiserver has ended:\n%s", a.Log())
		}
		return a.get("/livez")
	})
}

// restart is stop and start of the apiserver alone.
func (a *apiserver) restart() {
	a.t.Helper()
	a.Stop()
	a.start()
}

// runAPIServer is the child.
func runAPIServer() int {
	controller.EncryptionConfigFileChangePollDuration = time.Second
	now := clock(os.Getenv(aheadFile))
	for name := range strings.SplitSeq(os.Getenv(aheadProviders), ",") {
		kmsv2.SetNowFuncForTests(name, now)
	}
	return cli.Run(app.NewAPIServerCommand())
}

// clock is ahead by a seed's life once the file is there.
func clock(file string) func() time.Time {
	return func() time.Time {
		if _, err := os.Stat(file); err == nil {
			return time.Now().Add(life + time.Second)
		}
		return time.Now()
	}
}

// putAhead has every seed of this apiserver outlive itself, unless Status goes on extending it.
func (a *apiserver) putAhead() {
	a.t.Helper()
	a.write("ahead", "")
}

// healthy asks the apiserver for its KMS health, which it remembers for 20 s if good and for 3 s if not.
func (a *apiserver) healthy() error { return a.get("/readyz/kms-providers") }

func (a *apiserver) get(path string) error {
	client, err := a.clientset()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(a.t.Context(), 15*time.Second)
	defer cancel()
	answer, err := client.Discovery().RESTClient().Get().AbsPath(path).DoRaw(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w: %s", path, err, answer)
	}
	return nil
}

func (a *apiserver) clientset() (*kubernetes.Clientset, error) {
	if a.client != nil {
		return a.client, nil
	}
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host:        "https://" + a.address,
		BearerToken: token,
		// The apiserver made it for itself at its first start.
		TLSClientConfig: rest.TLSClientConfig{CAFile: a.path("certificates/apiserver.crt")},
		QPS:             1000, Burst: 1000,
	})
	if err == nil {
		a.client = client
	}
	return client, err
}
