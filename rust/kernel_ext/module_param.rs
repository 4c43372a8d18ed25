// SPDX-License-Identifier: GPL-2.0

//! Module parameters that name one of several things; `module!` knows integers only.
//!
//! C header: [`include/linux/moduleparam.h`](srctree/include/linux/moduleparam.h)

use kernel::{
    bindings,
    prelude::*,
    str::{
        BStr,
        CStr, //
    },
    sync::SetOnce, //
};

/// A type whose values have names.
pub trait Named: Copy + Send + Sync + 'static {
    /// Returns the value of this name. On an error, logs what is accepted.
    fn from_name(name: &BStr) -> Result<Self>;
}

/// A module parameter, set at most once, before the module starts.
pub struct Param<T> {
    value: SetOnce<T>,
    default: T,
}

impl<T: Named> Param<T> {
    /// Creates a parameter that is `default` unless it is set.
    pub const fn new(default: T) -> Self {
        Self {
            value: SetOnce::new(),
            default,
        }
    }

    /// Returns the value that was set, or the default.
    pub fn value(&self) -> T {
        self.value.copy().unwrap_or(self.default)
    }

    /// The operations for a `kernel_param` whose `arg` is a `Param<T>`.
    #[doc(hidden)]
    pub const OPS: &'static bindings::kernel_param_ops = &bindings::kernel_param_ops {
        flags: 0,
        set: Some(Self::set),
        get: None,
        free: None,
    };

    /// # Safety
    ///
    /// `val` is null or a NUL-terminated string, and `param` has a static `Param<T>` as its `arg`.
    unsafe extern "C" fn set(val: *const c_char, param: *const bindings::kernel_param) -> c_int {
        if val.is_null() {
            return EINVAL.to_errno();
        }
        // SAFETY: By the caller's promise `val` is a NUL-terminated string.
        let name = unsafe { CStr::from_char_ptr(val) };
        // SAFETY: By the caller's promise `arg` of `param` is a static `Param<T>`.
        let this = unsafe { &*(*param).__bindgen_anon_1.arg.cast_const().cast::<Self>() };
        match T::from_name(name.as_ref()) {
            Ok(value) if this.value.populate(value) => 0,
            Ok(_) => EEXIST.to_errno(),
            Err(error) => error.to_errno(),
        }
    }
}

/// Declares a [`Param`] of the module: `named_param!(name: Type = default, "description")`.
///
/// It does not appear in sysfs.
#[macro_export]
macro_rules! named_param {
    ($name:ident: $ty:ty = $default:expr, $description:literal) => {
        #[expect(non_upper_case_globals)]
        static $name: $crate::module_param::Param<$ty> = $crate::module_param::Param::new($default);

        const _: () = {
            #[link_section = "__param"]
            #[used(compiler)]
            static PARAM: ::kernel::module_param::KernelParam =
                ::kernel::module_param::KernelParam::new(::kernel::bindings::kernel_param {
                    name: ::kernel::str::as_char_ptr_in_const_context(::kernel::c_str!(
                        stringify!($name)
                    )),
                    mod_: $crate::this_module!().as_ptr(),
                    ops: $crate::module_param::Param::<$ty>::OPS,
                    perm: 0,
                    level: -1,
                    flags: 0,
                    __bindgen_anon_1: ::kernel::bindings::kernel_param__bindgen_ty_1 {
                        arg: (&raw const $name).cast_mut().cast(),
                    },
                });

            $crate::modinfo!(concat!("parmtype=", stringify!($name), ":charp\0"));
            $crate::modinfo!(concat!("parm=", stringify!($name), ":", $description, "\0"));
        };
    };
}

/// Adds a line to what modinfo(8) shows.
#[doc(hidden)]
#[macro_export]
macro_rules! modinfo {
    ($text:expr) => {
        const _: () = {
            const TEXT: &[u8] = $text.as_bytes();
            #[link_section = ".modinfo"]
            #[used(compiler)]
            static INFO: [u8; TEXT.len()] = *TEXT.first_chunk().unwrap();
        };
    };
}
