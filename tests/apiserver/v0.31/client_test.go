// Package client plays the stories with the KMS client of Kubernetes 1.31: grpc-go 1.65, which sends the escaped socket
// path (%2F…) as :authority for both APIs.
package client

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig/controller"
	"k8s.io/apiserver/pkg/storage/value"
	"k8s.io/apiserver/pkg/storage/value/encrypt/envelope/kmsv2"
	utilfeature "k8s.io/apiserver/pkg/util/feature"

	"sealkit.test/rig/clients"
)

var secrets = schema.GroupResource{Resource: "secrets"}

// ahead is how far Kubernetes' clock for seeds is ahead, in nanoseconds.
var ahead atomic.Int64

func init() {
	if err := utilfeature.DefaultMutableFeatureGate.Set("KMSv1=true"); err != nil {
		panic(err)
	}
	controller.EncryptionConfigFileChangePollDuration = time.Second
	kmsv2.NowFunc = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
}

func TestClient(t *testing.T) {
	clients.Run(t, clients.Client{
		Load:         load,
		Watch:        watch,
		AdvanceClock: func(_ string, by time.Duration) { ahead.Add(int64(by)) },
	})
}

func load(ctx context.Context, path string) (clients.Loaded, error) {
	config, err := encryptionconfig.LoadEncryptionConfig(ctx, path, false, "apiserver")
	if err != nil {
		return clients.Loaded{}, err
	}
	healthy := func() error {
		for _, check := range config.HealthChecks {
			if err := check.Check(request()); err != nil {
				return err
			}
		}
		return nil
	}
	return loaded(ctx, config.Transformers[secrets], healthy), nil
}

func watch(ctx context.Context, path string) (clients.Loaded, error) {
	loading, cancel := context.WithCancel(ctx)
	config, err := encryptionconfig.LoadEncryptionConfig(loading, path, true, "apiserver")
	if err != nil {
		cancel()
		return clients.Loaded{}, err
	}
	dynamic := encryptionconfig.NewDynamicTransformers(
		config.Transformers, config.HealthChecks[0], cancel, config.KMSCloseGracePeriod)
	go controller.NewDynamicEncryptionConfiguration(
		"story", path, dynamic, config.EncryptionFileContentHash, "apiserver").Run(ctx)
	return loaded(ctx, dynamic.TransformerForResource(secrets), func() error { return dynamic.Check(request()) }), nil
}

func loaded(ctx context.Context, transformer value.Transformer, healthy func() error) clients.Loaded {
	return clients.Loaded{
		Encrypt: func(plaintext []byte, path string) ([]byte, error) {
			return transformer.TransformToStorage(ctx, plaintext, value.DefaultContext(path))
		},
		Decrypt: func(stored []byte, path string) ([]byte, bool, error) {
			return transformer.TransformFromStorage(ctx, stored, value.DefaultContext(path))
		},
		Healthy: healthy,
	}
}

func request() *http.Request {
	request, err := http.NewRequest(http.MethodGet, "/readyz", nil)
	if err != nil {
		panic(err)
	}
	return request
}
