using System.Linq.Expressions;
using System.Reflection;
using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace MlSystem.Registry.Storage;

/// <summary>The registry on SQLite: one process, one writer at a time.</summary>
internal sealed class SqliteRegistryContext(DbContextOptions<SqliteRegistryContext> options) : RegistryContext(options)
{
    private const int Busy = 5;
    private const int Locked = 6;
    private const int Constraint = 19;

    private static readonly MethodInfo GlobMethod = ((Func<DbFunctions, string, string, bool>)SqliteDbFunctionsExtensions.Glob).Method;
    private static readonly MethodInfo LikeMethod = ((Func<DbFunctions, string, string, bool>)DbFunctionsExtensions.Like).Method;

    public override bool SingleWriter => true;

    public override bool IsConflict(Exception error) =>
        (error as SqliteException ?? error.InnerException as SqliteException)?.SqliteErrorCode is Busy or Locked or Constraint;

    /// <summary>SQLite's own LIKE ignores case; GLOB does not.</summary>
    public override Expression Like(Expression text, string pattern, bool ignoreCase) => Expression.Call(
        ignoreCase ? LikeMethod : GlobMethod,
        Expression.Constant(EF.Functions),
        text,
        Expression.Constant(ignoreCase ? pattern : ToGlob(pattern)));

    public override Task<bool> TryLockOutboxAsync(CancellationToken cancellationToken) => Task.FromResult(true);

    private static string ToGlob(string pattern)
    {
        var glob = new StringBuilder(pattern.Length);
        foreach (var c in pattern)
        {
            _ = c switch
            {
                '%' => glob.Append('*'),
                '_' => glob.Append('?'),
                '*' or '?' or '[' => glob.Append('[').Append(c).Append(']'),
                _ => glob.Append(c),
            };
        }

        return glob.ToString();
    }

    /// <summary>For <c>dotnet ef migrations add</c> only.</summary>
    internal sealed class DesignTime : IDesignTimeDbContextFactory<SqliteRegistryContext>
    {
        public SqliteRegistryContext CreateDbContext(string[] args) =>
            new(new DbContextOptionsBuilder<SqliteRegistryContext>().UseSqlite("Data Source=design.db").Options);
    }
}
