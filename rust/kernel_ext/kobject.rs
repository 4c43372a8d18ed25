// SPDX-License-Identifier: GPL-2.0

//! Directories in sysfs that belong to no device, and their files.
//!
//! The kernel creates the kobject of a directory, with a release function of its own. So whenever
//! that is called (`CONFIG_DEBUG_KOBJECT_RELEASE` delays it by seconds), it needs neither the code
//! of a module nor the memory of a Rust object. Files use both until their directory is removed,
//! which waits for tasks that are reading or writing one.
//!
//! C header: [`include/linux/kobject.h`](srctree/include/linux/kobject.h)

use crate::{
    helpers,
    sysfs::{
        self,
        Attribute, //
    }, //
};
use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    str::CStr, //
};

/// A directory. Dropping it removes it, with all that is in it.
///
/// # Invariants
///
/// It is a kobject of `kobject_create_and_add()`, added, and has a reference for this.
pub struct Directory(NonNull<bindings::kobject>);

// SAFETY: Any task may use a kobject that it has a reference to.
unsafe impl Send for Directory {}
// SAFETY: Many tasks may use a kobject at the same time.
unsafe impl Sync for Directory {}

impl Directory {
    /// Creates the directory `name` in `/sys/kernel`. May sleep.
    pub fn in_kernel(name: &CStr) -> Result<Self> {
        // SAFETY: `kernel_kobj` was added early at boot, and stays.
        unsafe { Self::create(name, bindings::kernel_kobj) }
    }

    /// Creates the directory `name` in this one. The name must not be in use, nor be empty, nor
    /// contain a slash. May sleep.
    pub fn make(&self, name: &CStr) -> Result<Self> {
        // SAFETY: By the type invariant, the kobject was added.
        unsafe { Self::create(name, self.0.as_ptr()) }
    }

    /// # Safety
    ///
    /// `parent` is a kobject that was added.
    unsafe fn create(name: &CStr, parent: *mut bindings::kobject) -> Result<Self> {
        // SAFETY: `parent` was added, as this function requires; the name is copied.
        let kobj = unsafe { bindings::kobject_create_and_add(name.as_char_ptr(), parent) };
        // INVARIANT: The reference that it comes with is given back by `drop` only.
        Ok(Self(NonNull::new(kobj).ok_or(ENOMEM)?))
    }

    /// Returns the directory's name.
    pub fn name(&self) -> &CStr {
        // SAFETY: By the type invariant it was added, so that it has a name; nobody changes it.
        unsafe { CStr::from_char_ptr(self.0.as_ref().name) }
    }

    /// Returns whether there is a file or directory `name` in this one. May sleep.
    pub fn contains(&self, name: &CStr) -> bool {
        // SAFETY: By the type invariant it was added, so that it has a node, which stays as long as
        // the kobject has not been removed.
        unsafe {
            let node = bindings::kernfs_find_and_get_ns(
                self.0.as_ref().sd,
                name.as_char_ptr(),
                ptr::null(),
            );
            bindings::kernfs_put(node);
            !node.is_null()
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it was added, and the reference is this one's.
        unsafe {
            bindings::kobject_del(self.0.as_ptr());
            bindings::kobject_put(self.0.as_ptr());
        }
    }
}

/// A file, as C sees it.
///
/// # Invariants
///
/// `attribute` and `data` may be used as long as `raw` is in a directory.
#[repr(C)]
struct File<T: 'static> {
    // First, so that its address is that of the whole.
    raw: bindings::kobj_attribute,
    attribute: &'static Attribute<T>,
    data: NonNull<T>,
}

impl<T: Sync> File<T> {
    fn new(attribute: &'static Attribute<T>, data: NonNull<T>) -> Self {
        // SAFETY: All zeroes is a valid `kobj_attribute`: pointers, functions and numbers.
        let mut raw: bindings::kobj_attribute = unsafe { core::mem::zeroed() };
        raw.attr.name = attribute.name.as_char_ptr();
        raw.attr.mode = attribute.mode;
        // Lockdep takes no class from memory that is allocated.
        #[cfg(CONFIG_DEBUG_LOCK_ALLOC)]
        {
            raw.attr.key = kernel::static_lock_class!().as_ptr();
        }
        let store: Option<unsafe extern "C" fn(_, _, _, _) -> _> = match attribute.store {
            Some(_) => Some(Self::store),
            None => None,
        };
        // In C: since 7.3 the two are members of unions.
        // SAFETY: `raw` is a `kobj_attribute`, and the functions are such ones.
        unsafe {
            helpers::kernel_ext_kobj_attribute(
                (&raw mut raw).cast(),
                Self::show as *const c_void,
                store.map_or(core::ptr::null(), |store| store as *const c_void),
            )
        };
        Self {
            raw,
            attribute,
            data,
        }
    }

    /// # Safety
    ///
    /// `attr` is the first field of a file in a directory.
    unsafe extern "C" fn show(
        _kobj: *mut bindings::kobject,
        attr: *mut bindings::kobj_attribute,
        page: *mut c_char,
    ) -> isize {
        // SAFETY: `attr` is the first field of a `Self`, as this function requires.
        let this = unsafe { &*attr.cast_const().cast::<Self>() };
        // SAFETY: By the type invariant `data` is valid, since the file is in a directory; `T` is
        // `Sync`.
        let data = unsafe { this.data.as_ref() };
        // SAFETY: sysfs passes a page-sized, page-aligned buffer.
        unsafe { sysfs::show(page, |out| (this.attribute.show)(data, out)) }
    }

    /// # Safety
    ///
    /// `attr` is the first field of a file in a directory.
    unsafe extern "C" fn store(
        _kobj: *mut bindings::kobject,
        attr: *mut bindings::kobj_attribute,
        text: *const c_char,
        len: usize,
    ) -> isize {
        // SAFETY: `attr` is the first field of a `Self`, as this function requires.
        let this = unsafe { &*attr.cast_const().cast::<Self>() };
        // SAFETY: By the type invariant `data` is valid, since the file is in a directory; `T` is
        // `Sync`.
        let data = unsafe { this.data.as_ref() };
        // SAFETY: sysfs passes `len` bytes.
        unsafe {
            sysfs::store(text, len, |value| {
                this.attribute.store.ok_or(EPERM)?(data, value)
            })
        }
    }
}

/// A directory whose files show a `T`. Dropping it removes it; no file uses the `T` after that.
///
/// # Invariants
///
/// The `raw` of each of the files is in no directory but this one, and the array does not change.
pub struct DirectoryOf<T: 'static> {
    // Before the files: it is dropped first.
    directory: Option<Directory>,
    files: KVec<File<T>>,
}

// SAFETY: Any task may read and write the files, whichever task owns the directory.
unsafe impl<T: Sync> Send for DirectoryOf<T> {}
// SAFETY: It only gives out the name, and the `T`, which is `Sync`, to files.
unsafe impl<T: Sync> Sync for DirectoryOf<T> {}

impl<T: Sync> DirectoryOf<T> {
    /// Creates a directory without files.
    pub fn new(directory: Directory) -> Self {
        // INVARIANT: There are no files.
        Self {
            directory: Some(directory),
            files: KVec::new(),
        }
    }

    /// Returns the directory's name; an empty one when it has been removed.
    pub fn name(&self) -> &CStr {
        self.directory.as_ref().map_or(c"", Directory::name)
    }

    /// Creates the files, once. They may be used before this returns. If it fails, it removes the
    /// directory. May sleep.
    ///
    /// # Safety
    ///
    /// `data` stays valid until the directory is removed or dropped.
    pub unsafe fn fill(&mut self, attributes: &'static [Attribute<T>], data: NonNull<T>) -> Result {
        // SAFETY: `data` stays valid until the directory is removed, as this function requires.
        unsafe { self.try_fill(attributes, data) }.inspect_err(|_| self.remove())
    }

    /// # Safety
    ///
    /// `data` stays valid until the directory is removed or dropped.
    unsafe fn try_fill(&mut self, attributes: &'static [Attribute<T>], data: NonNull<T>) -> Result {
        let directory = self.directory.as_ref().ok_or(ENOENT)?;
        if !self.files.is_empty() {
            return Err(EEXIST);
        }
        let mut files = KVec::with_capacity(attributes.len(), GFP_KERNEL)?;
        for attribute in attributes {
            // INVARIANT: The attribute is constant, and the data stays valid, as this function
            // requires; `fill` puts the file in this directory only.
            files.push(File::new(attribute, data), GFP_KERNEL)?;
        }
        // INVARIANT: From here on the array stays as it is.
        self.files = files;
        for file in self.files.iter() {
            // SAFETY: The directory was added; by the type invariant the file stays until the
            // directory is removed.
            to_result(unsafe {
                bindings::sysfs_create_file_ns(
                    directory.0.as_ptr(),
                    &raw const file.raw.attr,
                    ptr::null(),
                )
            })?;
        }
        Ok(())
    }

    /// Removes the directory and its files. Waits for tasks that are reading or writing a file;
    /// none uses the data after that. May sleep.
    pub fn remove(&mut self) {
        self.directory = None;
    }
}

#[cfg(CONFIG_KUNIT = "y")]
mod kunit {
    use super::*;
    use kernel::str::{
        BStr,
        CString, //
    };

    /// Buffer that a file is read into.
    #[repr(C, align(4096))]
    struct Page([u8; kernel::page::PAGE_SIZE]);

    impl<T: Sync> DirectoryOf<T> {
        fn find(&self, name: &CStr) -> Result<(&Directory, &File<T>)> {
            let file = self.files.iter().find(|file| file.attribute.name == name);
            self.directory.as_ref().zip(file).ok_or(ENOENT)
        }

        /// Reads a file as C does, for tests. Strips the newline, which has to be there.
        pub fn read(&self, name: &CStr) -> Result<CString> {
            let (directory, file) = self.find(name)?;
            let mut page = KBox::new(Page([0; _]), GFP_KERNEL)?;
            // SAFETY: `kobj_sysfs_ops` is constant.
            let show = unsafe { bindings::kobj_sysfs_ops }.show.ok_or(EIO)?;
            // SAFETY: The file is in that directory, and the buffer is a page.
            let len = unsafe {
                show(
                    directory.0.as_ptr(),
                    (&raw const file.raw.attr).cast_mut(),
                    page.0.as_mut_ptr(),
                )
            };
            to_result(len.min(0) as c_int)?;
            let text = page.0.get(..len as usize).ok_or(EIO)?;
            let text = text.strip_suffix(b"\n").ok_or(EIO)?;
            CString::try_from_fmt(fmt!("{}", BStr::from_bytes(text)))
        }

        /// Writes a file as C does, for tests.
        pub fn write(&self, name: &CStr, text: &[u8]) -> Result {
            let (directory, file) = self.find(name)?;
            // SAFETY: `kobj_sysfs_ops` is constant.
            let store = unsafe { bindings::kobj_sysfs_ops }.store.ok_or(EIO)?;
            // SAFETY: The file is in that directory, and the text has that length.
            let len = unsafe {
                store(
                    directory.0.as_ptr(),
                    (&raw const file.raw.attr).cast_mut(),
                    text.as_ptr(),
                    text.len(),
                )
            };
            to_result(len.min(0) as c_int)?;
            (len as usize == text.len()).then_some(()).ok_or(EIO)
        }
    }
}
