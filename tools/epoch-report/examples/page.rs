//! A page with something of everything, of invented results, on stdout.

use std::error::Error;

use epoch_report::*;
use inferno::flamegraph::{self, Options};

const MUTEX: &str = "\
bench;do_munmap;epoch_bench;mutex_lock;osq_lock 700
bench;do_munmap;epoch_bench;mutex_lock;schedule;__schedule 180
bench;do_munmap;unmap_region;tlb_finish_mmu 90
bench;do_mmap;mmap_region;vma_link 60
bench;do_mmap;get_unmapped_area 20
";

fn flame(folded: &str) -> Result<String, Box<dyn Error>> {
    let mut options = Options::default();
    options.title = "mutex".into();
    options.count_name = "samples".into();
    let mut svg = Vec::new();
    flamegraph::from_lines(&mut options, folded.lines(), &mut svg)?;
    Ok(String::from_utf8(svg)?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let evil = "<script>alert('x')</script>";
    let picture = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../Documentation/images/compare.svg"
    ))?;
    let ministat = "x mutex\n+ epoch\n+--------------------------------------------------------------------------+\n|                 xx xx  xxx xx   xx                     + + ++ ++ + + +++  |\n|                 |____A____|                               |____A____|    |\n+--------------------------------------------------------------------------+\n    N           Min           Max        Median           Avg        Stddev\nx  60        110116        162296        143425     142170.67     9161.8761\n";
    let column = |name: &str| Column {
        name: name.into(),
        numeric: true,
    };
    let lines = "min:16953 max:20896 total:151407\n".repeat(20);
    let page = Page {
        title: "mutex and epoch under mmap/munmap".into(),
        place: "Linux 7.3.4+deb13-cloud-amd64; 8 CPUs, QEMU Virtual CPU version 2.5+; QEMU TCG; 2026-11-23".into(),
        outcomes: vec![Outcome {
            about: "Anonymous memory mmap/munmap of 128MB, 8 processes".into(),
            verdicts: vec![
                Verdict {
                    headline: "epoch is 1.83x mutex".into(),
                    detail: "+83.2% +/- 5.7% at 95% confidence (Student's t, N=30 each)".into(),
                    standing: Standing::Proven,
                },
                Verdict {
                    headline: format!("{evil} is 1.01x mutex"),
                    detail: "at 95% confidence (Student's t, N=30 each)".into(),
                    standing: Standing::NotProven,
                },
            ],
        }],
        warnings: vec![
            "These CPUs are emulated: times are not those of hardware.".into(),
            format!("Samples of {evil} scatter by 12 %."),
        ],
        caveats: vec![
            "These trackers are load added for the comparison: Linux itself has no global delayed-invalidation lock.".into(),
        ],
        sections: vec![
            Section {
                title: "Samples".into(),
                blocks: vec![
                    Block::Picture(Picture::new("Every sample of both trackers.", &picture)?),
                    Block::Table(Table {
                        caption: "Loops a second, with half the width of 95% confidence intervals".into(),
                        corner: "tracker".into(),
                        columns: ["N", "average", "95%", "ratio", "95%", "queue ever", "contended", "restarts", "waits", "blocked"].map(column).into(),
                        rows: vec![
                            Row { name: "mutex".into(), cells: ["30", "87142", "+/- 2169", "1.00x", "", "8", "39292", "0", "0", "0"].map(String::from).into() },
                            Row { name: evil.into(), cells: ["30", "144370", "+/- 2301", "1.02x", "+/- 0.02", "0", "0", "0", "0", "0"].map(String::from).into() },
                        ],
                    }),
                    Block::Folded {
                        title: "The 30 samples of mutex, in will-it-scale's lines".into(),
                        blocks: vec![Block::Listing { title: "mutex".into(), text: lines.clone() }],
                    },
                    Block::Folded {
                        title: format!("The 30 samples of {evil}"),
                        blocks: vec![Block::Listing { title: evil.into(), text: lines }],
                    },
                ],
            },
            Section {
                title: "ministat".into(),
                blocks: vec![Block::Listing { title: "As FreeBSD's ministat prints it".into(), text: ministat.into() }],
            },
            Section {
                title: "Scaling".into(),
                blocks: vec![Block::Model {
                    title: "A model, not a measurement: the Universal Scalability Law".into(),
                    blocks: vec![Block::Text("X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))".into())],
                }],
            },
            Section {
                title: "Where the time goes".into(),
                blocks: vec![Block::FlameGraph(FlameGraph::new(
                    "mutex",
                    "1050 samples of cpu-clock. Click a frame to zoom.",
                    "mutex.svg",
                    &flame(MUTEX)?,
                )?)],
            },
            Section {
                title: "The machine".into(),
                blocks: vec![
                    Block::Facts(vec![
                        Fact { name: "kernel".into(), value: "7.3.4+deb13-cloud-amd64".into() },
                        Fact { name: "cpus".into(), value: "8 online, QEMU Virtual CPU version 2.5+".into() },
                    ]),
                    Block::Findings(vec![
                        Finding { subject: "perf".into(), status: Status::Warn, found: "does not run".into(), fix: Some("install it".into()) },
                        Finding { subject: "root".into(), status: Status::Ok, found: "yes".into(), fix: None },
                    ]),
                ],
            },
            Section {
                title: "Do it again".into(),
                blocks: vec![Block::Command("epoch-bench compare mutex epoch --tasks 8 --samples 30 --json result.json".into())],
            },
        ],
        generator: "epoch-bench 0.1.0".into(),
    };
    println!("{}", page.html()?);
    Ok(())
}
