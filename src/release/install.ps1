# Installs hone @VERSION@ on Windows: .\install.ps1 [-From URL|DIR] [-To DIR]
# The archive is checked against SHA256SUMS before anything is installed.
param(
  [string]$From = '@URL@',
  [string]$To = (Join-Path $env:LOCALAPPDATA 'Programs\hone')
)
$ErrorActionPreference = 'Stop'
$version = '@VERSION@'
if (-not $From) { throw 'No place to install from: give a URL or a folder with -From' }
if (-not [Environment]::Is64BitOperatingSystem) { throw 'There is no hone for 32-bit Windows' }
$archive = "hone-$version-windows-x64.zip"
$work = Join-Path ([IO.Path]::GetTempPath()) ([Guid]::NewGuid())
New-Item -ItemType Directory -Path $work | Out-Null
try {
  foreach ($file in @('SHA256SUMS', $archive)) {
    $target = Join-Path $work $file
    if ($From -match '://') { Invoke-WebRequest -UseBasicParsing -Uri "$From/$file" -OutFile $target }
    else { Copy-Item (Join-Path $From $file) $target }
  }
  $line = Get-Content (Join-Path $work 'SHA256SUMS') | Where-Object { ($_ -split '  ', 2)[1] -eq $archive }
  if (-not $line) { throw "SHA256SUMS does not name $archive" }
  $found = (Get-FileHash -Algorithm SHA256 (Join-Path $work $archive)).Hash
  if ($found -ne ($line -split '  ', 2)[0]) { throw "$archive is not what SHA256SUMS says: fetch it again; do not run it" }
  Expand-Archive -Path (Join-Path $work $archive) -DestinationPath $work
  New-Item -ItemType Directory -Force -Path $To | Out-Null
  Copy-Item (Join-Path $work "hone-$version-windows-x64\hone.exe") (Join-Path $To 'hone.exe') -Force
} finally {
  Remove-Item -Recurse -Force $work
}
$path = [Environment]::GetEnvironmentVariable('Path', 'User')
if (($path -split ';') -notcontains $To) {
  [Environment]::SetEnvironmentVariable('Path', "$path;$To", 'User')
  Write-Host "added $To to the Path of new terminals"
}
Write-Host "installed $(& (Join-Path $To 'hone.exe') --version) to $To"
Write-Host 'next: hone doctor'
