// Package clients holds the stories that every release's KMS client plays: kube-apiserver's own code that loads an
// EncryptionConfiguration, primes and rotates seeds, checks health and reloads, without the apiserver around it.
//
// It imports nothing of Kubernetes, so that each release's module links that release alone.
package clients

import (
	"context"
	"testing"
	"time"
)

// Client is the KMS client of one release.
type Client struct {
	// Load is LoadEncryptionConfig: whatever it starts ends with ctx.
	Load func(ctx context.Context, path string) (Loaded, error)
	// Watch is Load, and the controller that reloads the file when it changes.
	Watch func(ctx context.Context, path string) (Loaded, error)
	// AdvanceClock puts the clock that a seed's life is measured with ahead, once: for the named provider, in
	// older releases for all.
	AdvanceClock func(provider string, by time.Duration)
}

// Loaded is an EncryptionConfiguration in use, for Secrets.
type Loaded struct {
	// Encrypt is what a write does: it returns what would lie in etcd under path.
	Encrypt func(plaintext []byte, path string) ([]byte, error)
	// Decrypt is what a read does. What is stale would be rewritten by the next write.
	Decrypt func(stored []byte, path string) (plaintext []byte, stale bool, err error)
	// Healthy is what /readyz asks. Kubernetes remembers a good answer for 20 s and a bad one for 3 s.
	Healthy func() error
}

// Run plays all stories.
func Run(t *testing.T, client Client) {
	t.Run("together", func(t *testing.T) {
		for name, story := range map[string]func(*testing.T, Client){
			"v1 round trip":             roundTripV1,
			"v2 round trip":             roundTripV2,
			"primed once there":         primedOnceThere,
			"key_id changes":            keyIDChanges,
			"version stays":             versionStays,
			"reload from v1 to v2":      reloadV1ToV2,
			"reload of what is missing": reloadOfWhatIsMissing,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				story(t, client)
			})
		}
	})
	// These move the clock for all.
	t.Run("outage", func(t *testing.T) { outage(t, client) })
	t.Run("revocation", func(t *testing.T) { revocation(t, client) })
}
