// Test files run side by side. With a thread for every core, those that wait for work would spin against the other files.
process.env['HONE_THREADS'] ??= '1'
