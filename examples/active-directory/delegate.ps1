<#
.SYNOPSIS
Lets an account write what mbxctl writes of the users below an organisational unit, and nothing else.

.DESCRIPTION
Gives the account, for the users below each organisational unit:
  read and write of each attribute of attributes.txt, by its schemaIDGUID;
  read of all attributes and of the access list, which `mbxctl doctor` looks at.
What the account was given there before is replaced, so that running it again changes nothing.
Needs the module ActiveDirectory (RSAT) and the right to change the access list of the unit.

.EXAMPLE
.\delegate.ps1 -Account svc-mbx -OU 'OU=Staff,DC=contoso,DC=com'
.EXAMPLE
.\delegate.ps1 -Account svc-mbx -OU 'OU=Staff,DC=contoso,DC=com' -Without msExchArchiveGUID
.EXAMPLE
.\delegate.ps1 -Account svc-mbx -OU 'OU=Staff,DC=contoso,DC=com' -Remove
#>
[CmdletBinding(SupportsShouldProcess)]
param(
    [Parameter(Mandatory)] [string] $Account,
    [Parameter(Mandatory)] [string[]] $OU,
    [string[]] $Without = @(),
    [switch] $Remove
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module ActiveDirectory

$schema = (Get-ADRootDSE).schemaNamingContext

function Get-SchemaGuid([string] $class, [string] $name) {
    $found = Get-ADObject -SearchBase $schema -Properties schemaIDGUID `
        -LDAPFilter "(&(objectClass=$class)(lDAPDisplayName=$name))"
    if (-not $found) {
        throw "the schema has no ${name}: was it extended (Exchange Setup /PrepareSchema)?"
    }
    [guid] $found.schemaIDGUID
}

# A user, a computer or a group managed service account.
$principal = Get-ADObject -LDAPFilter "(|(sAMAccountName=$Account)(sAMAccountName=$Account`$))" `
    -Properties objectSid
if (-not $principal -or @($principal).Count -ne 1) { throw "$Account is no account" }
$sid = [System.Security.Principal.SecurityIdentifier] $principal.objectSid

$names = Get-Content (Join-Path $PSScriptRoot 'attributes.txt') |
    Where-Object { $_ -and -not $_.StartsWith('#') -and $_ -notin $Without }
$user = Get-SchemaGuid 'classSchema' 'user'
$below = [System.DirectoryServices.ActiveDirectorySecurityInheritance]::Descendents
$allow = [System.Security.AccessControl.AccessControlType]::Allow

$rules = @()
if (-not $Remove) {
    foreach ($name in $names) {
        $rules += [System.DirectoryServices.ActiveDirectoryAccessRule]::new(
            $sid, 'ReadProperty, WriteProperty', $allow, (Get-SchemaGuid 'attributeSchema' $name),
            $below, $user)
    }
    $rules += [System.DirectoryServices.ActiveDirectoryAccessRule]::new(
        $sid, 'ReadProperty, ReadControl', $allow, [guid]::Empty, $below, $user)
}

foreach ($unit in $OU) {
    $acl = Get-Acl "AD:\$unit"
    $acl.PurgeAccessRules($sid)
    foreach ($rule in $rules) { $acl.AddAccessRule($rule) }
    if ($PSCmdlet.ShouldProcess($unit, "$($rules.Count) entries for $Account")) {
        Set-Acl -Path "AD:\$unit" -AclObject $acl
        "${unit}: $($rules.Count) entries for $Account"
    }
}
