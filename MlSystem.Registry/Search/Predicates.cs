using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;
using MlSystem.Registry.Mlflow;
using MlSystem.Registry.Storage;
using MlSystem.ServiceDefaults.Errors;

namespace MlSystem.Registry.Search;

/// <summary>Filter clauses as predicates that both databases translate; every value becomes a parameter.</summary>
internal static class Predicates
{
    private static readonly MethodInfo ContainsMethod = ((Func<IEnumerable<string>, string, bool>)Enumerable.Contains).Method;
    private static readonly MethodInfo SubstringMethod = typeof(string).GetMethod(nameof(string.Substring), [typeof(int), typeof(int)])!;

    /// <summary>Adds a comparison of a text column.</summary>
    public static IQueryable<T> WhereText<T>(this IQueryable<T> rows, RegistryContext db, Expression<Func<T, string?>> column, FilterClause clause)
    {
        RequireValue(clause);
        if (clause.IsNumber)
        {
            throw MlflowError.Invalid($"Invalid filter: '{clause.Key}' is compared with a text in quotes, not with {clause.Values[0]}.");
        }

        var value = clause.Values[0];
        var parameter = Parameter(value);
        var list = Parameter<IEnumerable<string>>(clause.Values);
        Expression body = clause.Operator switch
        {
            FilterOperator.Equal => Expression.Equal(column.Body, parameter),
            FilterOperator.NotEqual => Expression.NotEqual(column.Body, parameter),
            FilterOperator.Like => db.Like(column.Body, value, ignoreCase: false),
            FilterOperator.ILike => db.Like(column.Body, value, ignoreCase: true),
            FilterOperator.In => Expression.Call(ContainsMethod, list, column.Body),
            FilterOperator.NotIn => Expression.Not(Expression.Call(ContainsMethod, list, column.Body)),
            _ => throw MlflowError.Invalid($"Invalid filter: '{clause.Key}' is a text; allowed are =, !=, LIKE, ILIKE, IN and NOT IN."),
        };
        return rows.Where(Expression.Lambda<Func<T, bool>>(body, column.Parameters));
    }

    /// <summary>Adds a comparison of a param's or tag's value, by the index that has its beginning. For IS NULL and IS NOT NULL all rows stay: whether there is one counts.</summary>
    public static IQueryable<T> WhereIndexedText<T>(this IQueryable<T> rows, RegistryContext db, Expression<Func<T, string?>> column, FilterClause clause)
    {
        if (clause.AsksForPresence)
        {
            return rows;
        }

        var found = rows.WhereText(db, column, clause);
        if (db.IndexedTextLength is not { } length)
        {
            return found;
        }

        var start = Start(column.Body, length);
        Expression? body = clause.Operator switch
        {
            FilterOperator.Equal => Expression.Equal(start, Parameter(Cut(clause.Values[0], length))),
            FilterOperator.In => Expression.Call(ContainsMethod, Parameter<IEnumerable<string>>([.. clause.Values.Select(v => Cut(v, length))]), start),
            _ => null,
        };
        return body is null ? found : found.Where(Expression.Lambda<Func<T, bool>>(body, column.Parameters));
    }

    /// <summary>Orders by a param's or tag's value, by the index that has its beginning.</summary>
    public static IOrderedQueryable<T> ThenIndexedText<T>(this IQueryable<T> rows, RegistryContext db, Expression<Func<T, string?>> column, bool descending) =>
        (db.IndexedTextLength is { } length ? rows.Then(Expression.Lambda<Func<T, string>>(Start(column.Body, length), column.Parameters), descending) : rows).Then(column, descending);

    /// <summary>Adds a comparison of a numeric column.</summary>
    public static IQueryable<T> WhereNumber<T>(this IQueryable<T> rows, Expression<Func<T, double?>> column, FilterClause clause)
    {
        RequireValue(clause);
        if (!double.TryParse(clause.Values[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            throw MlflowError.Invalid($"Invalid filter: '{clause.Key}' is compared with a number, not with '{clause.Values[0]}'.");
        }

        var parameter = Parameter<double?>(value);
        var body = clause.Operator switch
        {
            FilterOperator.Equal => Expression.Equal(column.Body, parameter),
            FilterOperator.NotEqual => Expression.NotEqual(column.Body, parameter),
            FilterOperator.Less => Expression.LessThan(column.Body, parameter),
            FilterOperator.LessOrEqual => Expression.LessThanOrEqual(column.Body, parameter),
            FilterOperator.Greater => Expression.GreaterThan(column.Body, parameter),
            FilterOperator.GreaterOrEqual => Expression.GreaterThanOrEqual(column.Body, parameter),
            _ => throw MlflowError.Invalid($"Invalid filter: '{clause.Key}' is a number; allowed are =, !=, <, <=, > and >=."),
        };
        return rows.Where(Expression.Lambda<Func<T, bool>>(body, column.Parameters));
    }

    private static void RequireValue(FilterClause clause)
    {
        if (clause.AsksForPresence)
        {
            throw MlflowError.Invalid($"Invalid filter: IS NULL and IS NOT NULL ask for params and tags of runs and tags of experiments, not for '{clause.Key}'.");
        }
    }

    /// <summary>Exactly as the index has it: <c>substring(value, 1, length)</c>.</summary>
    private static MethodCallExpression Start(Expression text, int length) => Expression.Call(text, SubstringMethod, Expression.Constant(0), Expression.Constant(length));

    private static string Cut(string text, int runes)
    {
        // PostgreSQL counts characters beyond the basic plane once, .NET twice.
        var end = 0;
        for (; end < text.Length && runes > 0; runes--)
        {
            end += char.IsSurrogatePair(text, end) ? 2 : 1;
        }

        return text[..end];
    }

    /// <summary>A value of the query, which its plan does not depend on.</summary>
    public static Expression Parameter<T>(T value)
    {
        Expression<Func<T>> parameter = () => value;
        return parameter.Body;
    }

    /// <summary>Appends an ordering to those before it.</summary>
    public static IOrderedQueryable<T> Then<T, TKey>(this IQueryable<T> rows, Expression<Func<T, TKey>> key, bool descending) => rows switch
    {
        IOrderedQueryable<T> ordered when rows.Expression.Type.IsAssignableTo(typeof(IOrderedQueryable<T>)) =>
            descending ? ordered.ThenByDescending(key) : ordered.ThenBy(key),
        _ => descending ? rows.OrderByDescending(key) : rows.OrderBy(key),
    };

    public static ErrorAnswerException Unknown(string what, string key, string known) =>
        MlflowError.Invalid($"Invalid {what}: unknown '{key}'; known are {known}.");
}
