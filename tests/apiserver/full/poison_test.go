package full

import (
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sealkit.test/rig"
)

// One Secret is under a key that may not be used, and a client lists every 5 s. Lists fail, which is the apiserver's
// way; whatever else there is reads and writes, and nothing turns unhealthy.
func TestPoison(t *testing.T) {
	t.Parallel()
	for _, api := range []string{onV1, onV2} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			double := rig.StartDouble(t, rig.KeyARN(1), rig.KeyARN(2))
			plugin := rig.NewPlugin(t, double, rig.PluginConfig{Key: rig.KeyARN(1)})
			stop := startLegacy(t, plugin.Socket(), &legacy{double: double, key: rig.KeyARN(2)})
			server := newAPIServer(t, startEtcd(t))
			server.encryptBy(provider(api, plugin.Endpoint()))
			server.start()
			server.creates(api, "poison", 1)
			stop()
			double.Deny("Decrypt", rig.KeyARN(2))
			plugin.Start()
			server.restart()
			rig.Eventually(t, 40*time.Second, "healthy with the plugin", server.healthy)
			sound := server.creates(api, "sound", 1)

			list := time.Now()
			rig.Holds(t, 50*time.Second, "healthy beside the poison", func() error {
				if time.Since(list) > 5*time.Second {
					list = time.Now()
					double.ResetCalls()
					if _, err := server.secrets().List(soon(t), metav1.ListOptions{}); err == nil {
						return errors.New("the list has no poison")
					}
					if double.Calls("Decrypt") == 0 {
						return errors.New("KMS was not asked for the poison")
					}
				}
				return errors.Join(server.healthy(), plugin.Ready(), server.read(sound[0]))
			})
			server.creates(api, "more", 3)

			double.AllowAll()
			server.reads([]string{"poison-0"}, sound, []string{"more-0", "more-1", "more-2"})
		})
	}
}
