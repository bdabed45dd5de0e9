package full

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sealkit.test/rig"
)

func refused(server *apiserver) error {
	switch err := server.healthy(); {
	case err == nil:
		return errors.New("healthy")
	case !strings.Contains(err.Error(), "FailedPrecondition"):
		return err
	}
	return nil
}

// scratch numbers Secrets that are written to see whether it works.
var scratch atomic.Int32

func writes(server *apiserver) error { return server.create(fmt.Sprint("scratch-", scratch.Add(1))) }

func writesNothing(server *apiserver) error {
	if writes(server) == nil {
		return errors.New("it was written")
	}
	return nil
}

// disabledAndEnabled is the same for clocks put ahead and for real ones: stop is called when both apiservers say that they are
// not ready, and returns when their seeds' lives are over.
func disabledAndEnabled(t *testing.T, stop func(pair)) {
	double := rig.StartDouble(t, rig.KeyARN(1))
	servers, _ := startPair(t, double, onV2)
	first := servers[0].creates(onV2, "first", 3)
	second := servers[1].creates(onV2, "second", 3)
	if err := writes(servers[0]); err != nil {
		t.Fatal(err)
	}

	double.SetState(rig.KeyARN(1), "Disabled")
	servers.until(t, 100*time.Second, "not ready", refused)
	stop(servers)
	// A Status that is no gRPC error would let them write again.
	rig.Holds(t, 15*time.Second, "neither writes", func() error {
		for _, server := range servers {
			_ = server.healthy()
		}
		return errors.Join(writesNothing(servers[0]), writesNothing(servers[1]))
	})
	servers.read(t, first, second)

	double.SetState(rig.KeyARN(1), "Enabled")
	servers.until(t, 50*time.Second, "ready again", (*apiserver).healthy)
	servers.until(t, 5*time.Second, "writes again", writes)
	third, fourth := servers[0].creates(onV2, "third", 3), servers[1].creates(onV2, "fourth", 3)
	servers.read(t, first, second, third, fourth)
	// Fresh apiservers agree too.
	for _, server := range servers {
		server.restart()
	}
	servers.read(t, first, second, third, fourth)
}

// The key is disabled: both apiservers stop to write, read on, and recover, and neither writes what the other
// cannot read. Their clocks are put ahead by the three minutes of a seed's life.
func TestKeyIsDisabled(t *testing.T) {
	t.Parallel()
	disabledAndEnabled(t, func(servers pair) {
		for _, server := range servers {
			if err := writes(server); err != nil {
				t.Errorf("writes stopped before the seed's life was over: %v", err)
			}
			server.putAhead()
		}
	})
}

// The same in real time: writes stop within four minutes.
func TestLongKeyIsDisabled(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	disabledAndEnabled(t, func(servers pair) {
		servers.until(t, 4*time.Minute-time.Since(begin), "writes nothing", writesNothing)
	})
}
