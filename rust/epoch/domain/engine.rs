// SPDX-License-Identifier: GPL-2.0

//! Who detects grace periods.
//!
//! An [`Engine`] serves any number of domains. Whoever holds its *token* is the detector of all of them;
//! that is one of two:
//!
//! - The engine's own task, in *rounds* ([`Engine::round`]). A domain that somebody wants a grace
//!   period of is its *member*. A round looks at each member, executes one heavy barrier for all that
//!   need one, and concludes from it. So domains share barriers, and all that wait for a grace period of
//!   one domain share it.
//! - A task that wants to wait and finds the engine idle, or, if it has no barrier to share, without a
//!   detector ([`Engine::alone`]): it saves two context switches. It must not be preempted while it holds the token, so that nobody depends on the
//!   scheduler's giving it a CPU. If it is not done at once, it becomes one of those who wait.
//!
//! A domain becomes a member when it is kicked, and leaves when the engine finds that nobody wants
//! anything. That is decided by one word, [`Membership`]: a kick that comes during the look makes
//! leaving fail.

use super::{
    grace::Step,
    list::{
        List,
        Node,
        Taken, //
    }, //
};

use super::{
    Cookie,
    CpuQueue,
    Domain,
    Pace,
    Platform,
    Word, //
};
use core::{
    marker::PhantomPinned,
    mem::offset_of,
    ptr::{
        self,
        NonNull, //
    }, //
};

/// Whether a domain is a member of its engine.
///
/// # Invariants
///
/// `state` is [`Membership::OUT`] exactly if `node` is neither on the engine's list nor among the
/// [`Members`] of its task.
pub(super) struct Membership<P: Platform> {
    state: P::Word,
    node: Node<P::Links>,
    // Others have its address.
    _pinned: PhantomPinned,
}

// SAFETY: The node is accessed by whoever made the domain a member, and then by the engine, which
// hand it on by full barriers.
unsafe impl<P: Platform<Word: Send>> Send for Membership<P> {}
// SAFETY: As for `Send`.
unsafe impl<P: Platform<Word: Sync>> Sync for Membership<P> {}

impl<P: Platform> Membership<P> {
    /// It is none.
    const OUT: usize = 0;
    /// It is one, and the engine has seen all demand so far.
    const SEEN: usize = 1;
    /// It is one, and there may be demand that the engine has not seen.
    const KICKED: usize = 2;

    pub(super) fn new() -> Self {
        // INVARIANT: It is no member.
        Self {
            state: P::Word::new(Self::OUT),
            node: Node::unlinked(),
            _pinned: PhantomPinned,
        }
    }
}

/// Detects grace periods of the domains that are its members.
pub struct Engine<P: Platform> {
    /// 1 while there is a detector.
    token: P::Word,
    /// Domains that have become members since the last round. The engine's task tends it while it is
    /// awake.
    incoming: List<P::Links>,
}

/// What a round has come to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Round {
    /// A grace period got on: the next round may, too.
    Progress {
        /// Several tasks that waited for one domain have been woken. If they wait again soon, they
        /// share a grace period if the next round comes a little later.
        is_crowded: bool,
    },
    /// Sections are open: look again after a while. `polls` says how often the one that is looked at
    /// least has been, in vain.
    Wait {
        /// How often.
        polls: usize,
        /// The most urgent pace.
        pace: Pace,
    },
    /// There is no member.
    Idle,
}

/// The members that the engine's task has seen.
pub struct Members<P: Platform>(Taken<P::Links>);

impl<P: Platform> Default for Members<P> {
    fn default() -> Self {
        Self(Taken::default())
    }
}

impl<P: Platform> Engine<P> {
    /// Creates an engine without members.
    pub fn new() -> Self {
        Self::from_words(P::Word::new(0), List::new())
    }

    /// As [`Engine::new`], where that cannot be called: for statics. `token` is 0 and `incoming`
    /// empty.
    pub const fn from_words(token: P::Word, incoming: List<P::Links>) -> Self {
        Self { token, incoming }
    }

    /// Has the engine look after `domain`: demand has been added. Any context. Returns whether the
    /// engine's task has to be woken.
    ///
    /// # Safety
    ///
    /// `domain` belongs to this engine, and stays valid until [`Domain::has_left`] says so.
    #[must_use = "the engine's task may be asleep"]
    pub unsafe fn kick(&self, domain: &Domain<P>) -> bool {
        // Orders the demand before the look that it asks for; pairs with the exchanges in
        // `Engine::attend`.
        // INVARIANT: If it was none, it becomes one here.
        match domain.membership.state.exchange(Membership::<P>::KICKED) {
            // SAFETY: By the type invariant the node is on no list; it stays valid, as the caller
            // has promised, until it has been taken off.
            Membership::<P>::OUT => unsafe { self.incoming.push(domain.member_node()) },
            // The engine may be waiting for a section.
            before => before == Membership::<P>::SEEN,
        }
    }

    /// Detects a grace period of `domain` at once, if no section is open, there is no detector, and
    /// nobody is there, or likely to be back, to share a heavy barrier that is worth sharing. The
    /// caller must not be preempted; for engines whose heavy barrier does not sleep. Returns whether
    /// `cookie` has passed; if not, the caller has to wait.
    pub fn alone(&self, domain: &Domain<P>, cookie: Cookie, pace: Pace) -> bool {
        if domain.platform.shares_barriers()
            && (domain.membership.state.load_relaxed() != Membership::<P>::OUT
                || domain.demand.is_crowded()
                || !self.incoming.is_empty())
        {
            return false;
        }
        if !self.try_detect() {
            return false;
        }
        // One to end a grace period that was abandoned, and one of its own.
        for _ in 0..2 {
            domain.begin(pace);
            // Each look may show one of the slots.
            for _ in 0..2 {
                if domain.look() == Step::Wait {
                    break;
                }
                domain.platform.heavy_barrier(pace);
                if domain.conclude(pace) {
                    break;
                }
            }
            if domain.grace_periods.is_running() || domain.poll(cookie) {
                break;
            }
        }
        self.end_detection();
        // If somebody else waits for what this has ended, the domain is a member, or becomes one by a kick,
        // and the engine finds out when it looks next: see `attend`.
        domain.poll(cookie)
    }

    /// Looks once at each member, with at most one heavy barrier. For the engine's task.
    pub fn round(&self, members: &mut Members<P>) -> Round {
        while !self.try_detect() {
            P::relax();
        }
        let mut all = core::mem::take(&mut members.0);
        all.append(self.incoming.take_all());
        let (mut to_check, mut to_keep) = (Taken::default(), Taken::default());
        let mut ended = Taken::default();
        let mut pace = Pace::Normal;
        let mut barrier = None;
        let mut polls = usize::MAX;
        for node in all {
            // SAFETY: It is a member's, which stays valid as long as it is one.
            let domain = unsafe { Domain::<P>::from_member(node) };
            let next = match Self::attend(domain) {
                None => continue,
                Some(Step::Check) => {
                    pace = pace.max(domain.pace());
                    barrier = Some(domain);
                    &mut to_check
                }
                Some(Step::Wait) => {
                    pace = pace.max(domain.pace());
                    polls = polls.min(domain.polls());
                    &mut to_keep
                }
            };
            // SAFETY: The node of a member that was taken off is this function's.
            unsafe { next.push_back(node) };
        }
        if let Some(domain) = barrier {
            domain.platform.heavy_barrier(pace);
        }
        for node in to_check {
            // SAFETY: As above: it is still a member's.
            let domain = unsafe { Domain::<P>::from_member(node) };
            let next = match domain.conclude(domain.pace()) {
                true => {
                    // Below: nobody has to do it once more.
                    domain.is_notified();
                    &mut ended
                }
                false => &mut to_keep,
            };
            // SAFETY: As above: it is this function's.
            unsafe { next.push_back(node) };
        }
        self.end_detection();

        let progress = barrier.is_some() || !ended.is_empty();
        let mut is_crowded = false;
        // Not before the token is free: those who are woken may want to be detectors themselves.
        for node in ended {
            // SAFETY: As above: it is still a member's.
            let domain = unsafe { Domain::<P>::from_member(node) };
            is_crowded |= domain.platform.shares_barriers() && domain.demand.is_crowded();
            domain.notify();
            // SAFETY: As above: it is this function's.
            unsafe { to_keep.push_back(node) };
        }
        members.0 = to_keep;
        match (members.0.is_empty(), progress) {
            (true, _) => Round::Idle,
            (_, true) => Round::Progress { is_crowded },
            _ => Round::Wait { polls, pace },
        }
    }

    /// Looks after one member. Returns what its grace period needs, or `None` if it has left.
    fn attend(domain: &Domain<P>) -> Option<Step> {
        let state = &domain.membership.state;
        loop {
            let mut is_late = false;
            if state.load_relaxed() == Membership::<P>::KICKED {
                // Pairs with the exchange in `Engine::kick`: what was added before is seen below.
                state.exchange(Membership::<P>::SEEN);
                // A queue may have come too late for the end of its grace period.
                is_late = !domain.queues.is_empty();
            }
            // A task that detects alone notifies nobody: it may not get a CPU to do so.
            if !domain.is_notified() || is_late {
                domain.notify();
            }
            if domain.is_wanted() {
                domain.begin(domain.pace());
                return Some(domain.look());
            }
            // INVARIANT: The node was taken off; the caller forgets it. From here on the domain may
            // be gone.
            if state
                .compare_exchange(Membership::<P>::SEEN, Membership::<P>::OUT)
                .is_ok()
            {
                return None;
            }
        }
    }

    /// Allows the engine's task to sleep, after a round. Returns whether it may: if not, domains have
    /// become members since. When it may, the next kick of one that is none says that it has to be
    /// woken.
    #[must_use = "it must not sleep if there are new members"]
    pub fn rest(&self) -> bool {
        self.incoming.release()
    }

    /// Makes the caller the detector, unless there is one.
    fn try_detect(&self) -> bool {
        // Orders what the last detector did before what this one does; pairs with `end_detection`.
        self.token.load_relaxed() == 0 && self.token.exchange(1) == 0
    }

    fn end_detection(&self) {
        // Pairs with `try_detect`.
        self.token.exchange(0);
    }
}

impl<P: Platform> Default for Engine<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Platform> Domain<P> {
    /// The node that makes it a member.
    fn member_node(&self) -> NonNull<Node<P::Links>> {
        let this = ptr::from_ref(self);
        // SAFETY: It points to a field of a live object.
        unsafe { NonNull::new_unchecked((&raw const (*this).membership.node).cast_mut()) }
    }

    /// # Safety
    ///
    /// `node` was returned by [`Domain::member_node`] of a domain that is valid as long as the result
    /// is used.
    unsafe fn from_member<'a>(node: NonNull<Node<P::Links>>) -> &'a Self {
        // SAFETY: The node is that field of a valid domain, as the caller has promised.
        unsafe {
            node.byte_sub(offset_of!(Self, membership.node))
                .cast()
                .as_ref()
        }
    }

    /// Adds demand for the grace period that `cookie` names, of somebody who will not give up. The
    /// engine has to be [kicked](Engine::kick) after it. Any context.
    pub fn want(&self, cookie: Cookie) {
        self.demand.want(cookie);
    }

    /// Adds the demand of a task that is going to wait. The engine has to be [kicked](Engine::kick)
    /// after it, and [`Domain::end_wait`] called with the same pace at the end. Any context.
    pub fn begin_wait(&self, cookie: Cookie, pace: Pace) {
        self.demand.begin_wait(cookie, pace);
    }

    /// Ends the demand of [`Domain::begin_wait`]. Any context.
    pub fn end_wait(&self, pace: Pace) {
        self.demand.end_wait(pace);
    }

    /// The number of tasks that wait for a grace period: a snapshot. Any context.
    pub fn waiting(&self) -> usize {
        self.demand.waiting()
    }

    /// Whether the domain is no member of its engine, so that nobody touches it but those who use it.
    /// With callbacks, call it after all queues were found [idle](CpuQueue::is_idle): their tenders
    /// make it a member.
    pub fn has_left(&self) -> bool {
        // Orders the look at the queues before the one at the state; pairs with the exchange in
        // `List::release`.
        self.platform.full_barrier();
        let state = self.membership.state.load_relaxed();
        // Orders what the caller does to the domain after what the engine did; pairs with the exchange
        // in `Engine::attend`.
        self.platform.full_barrier();
        state == Membership::<P>::OUT
    }

    /// Has callbacks invoked whose grace period has passed, and wakes those who wait for it.
    fn notify(&self) {
        let mut again = true;
        while again {
            again = false;
            for node in self.queues.take_all() {
                // SAFETY: Queues put themselves there only to wait for this, and are valid until then.
                again |= unsafe { CpuQueue::grace_period_passed(self, node) };
            }
        }
        P::wake(self);
    }
}
