package chaos

import (
	"context"
	"time"
)

// edit is what a hand changed in an object that no check of the environment looks at.
type edit struct {
	policy   string
	restored func(context.Context) bool
}

// layHands changes the cluster behind the pipeline's back.
func (r *round) layHands(shot Shot) (did string, err error) {
	from := time.Now()
	var service string
	switch shot.Event {
	case HandOnSelector:
		service, did, err = r.hands.moveSelector(r.ctx, shot.Variant)
	case HandOnService:
		service, did, err = r.hands.deleteService(r.ctx, shot.Variant)
	case HandOnRecord:
		now, lookErr := look(r.ctx, r.api, r.Namespace, r.Services)
		if lookErr != nil {
			return "", lookErr
		}
		return r.hands.spoilRecord(r.ctx, now, shot.Variant)
	case HandOnJob:
		// There may be none yet, and none comes while the write is held.
		r.pending.Go(func() { r.remark(r.hands.deleteJob(r.ctx)) })
		return "deleting the pipeline's Jobs, or the next one", nil
	case HandOnPolicy:
		return r.narrow(shot)
	}
	if err == nil {
		r.did(deed{cause: ByHand, service: service, from: from, to: time.Now()})
	}
	return did, err
}

// narrow narrows a policy, and follows until it is as it was again.
func (r *round) narrow(shot Shot) (string, error) {
	from := time.Now()
	name, did, restored, err := r.hands.narrowPolicy(r.ctx, shot.Variant)
	if err != nil {
		return "", err
	}
	edit := &edit{policy: name, restored: restored}
	r.mu.Lock()
	r.edits = append(r.edits, edit)
	r.mu.Unlock()
	r.following.Go(func() {
		for !restored(r.ctx) && r.ctx.Err() == nil {
			r.pause(observeEvery)
		}
		r.did(deed{cause: ByHand, from: from, to: time.Now(), whole: true})
	})
	return did, nil
}
