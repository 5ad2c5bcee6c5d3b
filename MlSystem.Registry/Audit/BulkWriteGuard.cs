using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore.Diagnostics;
using MlSystem.Registry.Storage;

namespace MlSystem.Registry.Audit;

/// <summary>Sees statements that change audited tables past the change tracker, so that none goes unrecorded.</summary>
internal sealed partial class BulkWriteGuard : DbCommandInterceptor
{
    public static readonly BulkWriteGuard Instance = new();

    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
    {
        if (eventData is { Context: RegistryContext db, CommandSource: CommandSource.ExecuteUpdate or CommandSource.ExecuteDelete or CommandSource.ExecuteSqlRaw }
            && Target().Match(command.CommandText) is { Success: true } match
            && AuditedState.Tables.Contains(match.Groups["table"].Value))
        {
            db.Audit.Touch(match.Groups["table"].Value);
        }

        return base.NonQueryExecutingAsync(command, eventData, result, cancellationToken);
    }

    [GeneratedRegex("""(?:DELETE FROM|UPDATE|INSERT INTO)\s+"?(?<table>\w+)"?""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Target();
}
