package clients

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sealkit.test/rig"
)

// life is how long Kubernetes writes under a seed after the last Status without a gRPC error.
const life = 3 * time.Minute

// KMS is gone, so Status says why, and not as a gRPC error: /readyz fails, while reads and writes go on, past a
// seed's life, for as long as it takes.
func outage(t *testing.T, client Client) {
	s := started(t, client, "v2")
	loaded, _ := s.load()
	objects := s.writes(loaded, s.prefix("v2"), 3)
	s.double.BlackHole()
	rig.Eventually(t, 100*time.Second, "unhealthy after 60 s and what is remembered", func() error {
		err := loaded.Healthy()
		switch {
		case err == nil:
			return errors.New("still healthy")
		case !strings.Contains(err.Error(), "err: kms-unreachable"):
			return err
		}
		return nil
	})
	client.AdvanceClock(s.provider("v2").Name, life+time.Second)
	rig.Eventually(t, 15*time.Second, "the next Status lets writes go on", func() error {
		_ = loaded.Healthy()
		return s.writesUnder(loaded, "v2")
	})
	s.reads(loaded, objects, false)
	s.double.Heal()
	rig.Eventually(t, 20*time.Second, "healthy 10 s after KMS, and what is remembered", loaded.Healthy)
}

// The key is disabled, so Status is a gRPC error: writes stop when the seed's life is over, and begin again once
// the key is enabled. What was read or written before reads on from the apiserver's own cache.
func revocation(t *testing.T, client Client) {
	s := started(t, client, "v2")
	loaded, _ := s.load()
	objects := s.writes(loaded, s.prefix("v2"), 3)
	s.double.SetState(rig.KeyARN(1), "Disabled")
	rig.Eventually(t, 100*time.Second, "unhealthy by a gRPC error", func() error {
		err := loaded.Healthy()
		switch {
		case err == nil:
			return errors.New("still healthy")
		case !strings.Contains(err.Error(), "FailedPrecondition"):
			return err
		}
		return nil
	})
	if err := s.writesUnder(loaded, "v2"); err != nil {
		t.Fatalf("writes stop before the seed's life is over: %v", err)
	}
	client.AdvanceClock(s.provider("v2").Name, life+time.Second)
	rig.Holds(t, 15*time.Second, "writes have stopped", func() error {
		_ = loaded.Healthy()
		if s.writesUnder(loaded, "v2") == nil {
			return errors.New("it was written")
		}
		return nil
	})
	s.reads(loaded, objects, false)
	s.double.SetState(rig.KeyARN(1), "Enabled")
	rig.Eventually(t, 40*time.Second, "healthy 30 s after the key, and what is remembered", loaded.Healthy)
	s.reads(loaded, s.writes(loaded, s.prefix("v2"), 3), false)
}
