// SPDX-License-Identifier: GPL-2.0

//! Detection of grace periods.
//!
//! An [`Engine`] serves any number of domains. The task that holds its *token* is the detector of
//! all of them. It is one of two:
//!
//! - The engine's own task, in *rounds* ([`Engine::round`]). A domain with demand for a grace
//!   period is its *member*. A round looks at each member, executes one heavy barrier for all that
//!   need one, and concludes from it. So domains share barriers, and all waiters of one domain
//!   share its grace period.
//! - A task that wants to wait and finds the engine idle, or, if it has no barrier to share,
//!   without a detector ([`Engine::alone`]): it saves two context switches. It must not be
//!   preempted while it holds the token, so that nobody depends on the scheduler's giving it a CPU.
//!   If the grace period does not end at once, the task waits like others.
//!
//! A domain becomes a member when it is kicked, and leaves when the engine finds no demand. That is
//! decided by one word, [`Membership`]: a kick that comes during the look makes leaving fail.

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

/// A domain's membership of its engine.
///
/// # Invariants
///
/// `state` is [`Membership::OUT`] exactly if `node` is neither on the engine's list nor among the
/// [`Members`] of its task.
pub(super) struct Membership<P: Platform> {
    state: P::Word,
    node: Node<P::Links>,
    // Lists hold its address.
    _pinned: PhantomPinned,
}

// SAFETY: The node is accessed by the caller that made the domain a member, and then by the engine;
// full barriers order the two.
unsafe impl<P: Platform<Word: Send>> Send for Membership<P> {}
// SAFETY: The node is handed over as for `Send`; `state` is atomic.
unsafe impl<P: Platform<Word: Sync>> Sync for Membership<P> {}

impl<P: Platform> Membership<P> {
    /// The domain is no member.
    const OUT: usize = 0;
    /// The domain is a member, and the engine has seen all demand so far.
    const SEEN: usize = 1;
    /// The domain is a member, and there may be demand that the engine has not seen.
    const KICKED: usize = 2;

    pub(super) fn new() -> Self {
        // INVARIANT: The domain is no member, and the node unlinked.
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
    /// Domains that have become members since the last round. The engine's task tends it while it
    /// is awake.
    incoming: List<P::Links>,
}

/// The result of a round.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Round {
    /// A grace period progressed; the next round may find more to do.
    Progress {
        /// Several tasks that waited for one domain have been woken. If they wait again soon, they
        /// share a grace period if the next round comes a little later.
        is_crowded: bool,
    },
    /// Sections are open: look again after a while. `polls` is the number of looks in vain, the
    /// lowest of all members.
    Wait {
        /// The number of looks in vain, the lowest of all members.
        polls: usize,
        /// The most urgent pace of all members.
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

    /// Creates an engine in a constant expression, for statics, where [`Engine::new`] cannot be
    /// called. `token` is 0 and `incoming` empty.
    pub const fn from_words(token: P::Word, incoming: List<P::Links>) -> Self {
        Self { token, incoming }
    }

    /// Tells the engine that demand of `domain` has been added. Any context. Returns whether the
    /// engine's task must be woken.
    ///
    /// # Safety
    ///
    /// `domain` belongs to this engine, and stays valid until [`Domain::has_left`] says so.
    #[must_use = "the engine's task may be asleep"]
    pub unsafe fn kick(&self, domain: &Domain<P>) -> bool {
        // Orders the demand before the look that it asks for; pairs with the exchanges in
        // `Engine::attend`.
        // INVARIANT: If the domain was no member, it becomes one here.
        match domain.membership.state.exchange(Membership::<P>::KICKED) {
            // SAFETY: By the type invariant the node is on no list; it stays valid until it has
            // been taken off, as `kick` requires.
            Membership::<P>::OUT => unsafe { self.incoming.push(domain.member_node()) },
            // The engine may be waiting for a section.
            before => before == Membership::<P>::SEEN,
        }
    }

    /// Detects a grace period of `domain` at once, if no section is open, there is no detector, and
    /// there is nobody, now or soon, to share an expensive heavy barrier with. For engines whose
    /// heavy barrier does not sleep; the caller must not be preempted. Returns whether `cookie` has
    /// passed; if not, the caller must wait.
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
        // One turn to end an abandoned grace period, and one for a new one.
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
        // If another task waits for what has ended here, the domain is a member, or becomes one by
        // a kick, and the engine finds out at its next look: see `attend`.
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
            // SAFETY: The node is a member's, and a domain stays valid while it is a member.
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
            // SAFETY: A member's node that was taken off its list is this function's.
            unsafe { next.push_back(node) };
        }
        if let Some(domain) = barrier {
            domain.platform.heavy_barrier(pace);
        }
        for node in to_check {
            // SAFETY: The node is still a member's, and so its domain is valid.
            let domain = unsafe { Domain::<P>::from_member(node) };
            let next = match domain.conclude(domain.pace()) {
                true => {
                    // `notify` is called below: mark it as done.
                    domain.is_notified();
                    &mut ended
                }
                false => &mut to_keep,
            };
            // SAFETY: The node is on no list; it is this function's.
            unsafe { next.push_back(node) };
        }
        self.end_detection();

        let progress = barrier.is_some() || !ended.is_empty();
        let mut is_crowded = false;
        // After the token is free: the woken tasks may want to detect themselves.
        for node in ended {
            // SAFETY: The node is still a member's, and so its domain is valid.
            let domain = unsafe { Domain::<P>::from_member(node) };
            is_crowded |= domain.platform.shares_barriers() && domain.demand.is_crowded();
            domain.notify();
            // SAFETY: The node is on no list; it is this function's.
            unsafe { to_keep.push_back(node) };
        }
        members.0 = to_keep;
        match (members.0.is_empty(), progress) {
            (true, _) => Round::Idle,
            (_, true) => Round::Progress { is_crowded },
            _ => Round::Wait { polls, pace },
        }
    }

    /// Handles one member. Returns the next step of its grace period, or `None` if it has left.
    fn attend(domain: &Domain<P>) -> Option<Step> {
        let state = &domain.membership.state;
        loop {
            let mut is_late = false;
            if state.load_relaxed() == Membership::<P>::KICKED {
                // Pairs with the exchange in `Engine::kick`: what was added before is seen below.
                state.exchange(Membership::<P>::SEEN);
                // A queue may have been put on the list after its grace period ended.
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

    /// Allows the engine's task to sleep, after a round. Returns whether it may; if not, domains
    /// have become members since the round. If it may, the next kick that adds a member returns
    /// that the task must be woken.
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
    /// Returns the node by which the domain is on the engine's lists.
    fn member_node(&self) -> NonNull<Node<P::Links>> {
        let this = ptr::from_ref(self);
        // SAFETY: The pointer is that of a field of `self`, so not null.
        unsafe { NonNull::new_unchecked((&raw const (*this).membership.node).cast_mut()) }
    }

    /// # Safety
    ///
    /// `node` was returned by [`Domain::member_node`] of a domain that is valid as long as the
    /// result is used.
    unsafe fn from_member<'a>(node: NonNull<Node<P::Links>>) -> &'a Self {
        // SAFETY: `node` is the `membership.node` field of a valid domain, as this function
        // requires.
        unsafe {
            node.byte_sub(offset_of!(Self, membership.node))
                .cast()
                .as_ref()
        }
    }

    /// Adds demand for the grace period that `cookie` names; it cannot be withdrawn. The engine
    /// must be [kicked](Engine::kick) after it. Any context.
    pub fn want(&self, cookie: Cookie) {
        self.demand.want(cookie);
    }

    /// Adds the demand of a task that is going to wait. The engine must be [kicked](Engine::kick)
    /// after it, and [`Domain::end_wait`] called with the same pace at the end. Any context.
    pub fn begin_wait(&self, cookie: Cookie, pace: Pace) {
        self.demand.begin_wait(cookie, pace);
    }

    /// Ends the demand of [`Domain::begin_wait`]. Any context.
    pub fn end_wait(&self, pace: Pace) {
        self.demand.end_wait(pace);
    }

    /// Returns the number of tasks that wait for a grace period: a snapshot. Any context.
    pub fn waiting(&self) -> usize {
        self.demand.waiting()
    }

    /// Returns whether the domain is no member of its engine, so that only its users touch it. If
    /// there are callbacks, call it after all queues were found [idle](CpuQueue::is_idle): their
    /// tenders make it a member.
    pub fn has_left(&self) -> bool {
        // Orders the look at the queues before the one at the state; pairs with the exchange in
        // `List::release`.
        self.platform.full_barrier();
        let state = self.membership.state.load_relaxed();
        // Orders what the caller does to the domain after what the engine did; pairs with the
        // exchange in `Engine::attend`.
        self.platform.full_barrier();
        state == Membership::<P>::OUT
    }

    /// Dispatches callbacks whose grace period has passed, and wakes its waiters.
    fn notify(&self) {
        let mut again = true;
        while again {
            again = false;
            for node in self.queues.take_all() {
                // SAFETY: Queues put themselves there only to wait for this, and are valid until
                // then.
                again |= unsafe { CpuQueue::grace_period_passed(self, node) };
            }
        }
        P::wake(self);
    }
}
