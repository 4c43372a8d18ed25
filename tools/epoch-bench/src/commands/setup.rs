//! What `run` and `compare` have in common.

use std::io::{self, Write};
use std::sync::Arc;

use anyhow::Result;

use crate::cli::{MeasureArgs, Where};
use crate::destination::Destination;
use crate::error::usage;
use crate::json::Workload;
use crate::pool::{Carrier, KernelLoad, Load, UserLoad};
use crate::testcase::Testcase;
use crate::topology;

impl MeasureArgs {
    /// Refuses combinations that mean nothing.
    pub fn check(&self) -> Result<()> {
        if self.r#where == Where::User && self.testcase != Testcase::Mmap1 {
            return Err(usage(format!(
                "testcase {} exists only in the kernel: leave out --where user",
                self.testcase.name()
            )));
        }
        Ok(())
    }

    /// Processes or threads.
    pub fn carrier(&self) -> Carrier {
        if self.threads {
            Carrier::Threads
        } else {
            Carrier::Processes
        }
    }

    /// Describes what is measured, and decides which task goes where.
    pub fn workload(&self, tasks: usize) -> Result<Workload> {
        let cpus = if self.no_affinity {
            None
        } else {
            Some(topology::place(tasks, &topology::allowed_cpus()?))
        };
        Ok(Workload {
            testcase: self.testcase,
            r#where: self.r#where,
            carrier: self.carrier(),
            tasks,
            cpus,
            interval_ms: self.interval_ms,
        })
    }

    /// What the workers will do.
    pub fn load(&self, tasks: usize) -> Result<Arc<dyn Load>> {
        match self.r#where {
            Where::User => Ok(Arc::new(UserLoad)),
            Where::Kernel => {
                let load = KernelLoad::open(self.testcase, tasks)?;
                match load.running()? {
                    0 => {}
                    running => {
                        let _ = writeln!(
                            io::stderr(),
                            "warning: {running} workers of another epoch-bench are running; their \
                             load is in the results"
                        );
                    }
                }
                Ok(Arc::new(load))
            }
        }
    }

    /// Where the report goes, if there is to be one.
    pub fn destination(&self) -> Result<Option<Destination>> {
        let json = self.json.as_deref();
        json.map(|path| Destination::open("--json", path))
            .transpose()
    }
}

/// The command line with the program's name first.
pub fn command_line() -> Vec<String> {
    std::env::args_os()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect()
}
