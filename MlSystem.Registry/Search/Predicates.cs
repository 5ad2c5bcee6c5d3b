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

    /// <summary>Adds a comparison of a text column.</summary>
    public static IQueryable<T> WhereText<T>(this IQueryable<T> rows, RegistryContext db, Expression<Func<T, string?>> column, FilterClause clause)
    {
        if (clause.IsNumber)
        {
            throw MlflowError.Invalid($"Invalid filter: '{clause.Key}' is compared with a text in quotes, not with {clause.Values[0]}.");
        }

        var value = clause.Values[0];
        Expression<Func<string>> parameter = () => value;
        IEnumerable<string> values = clause.Values;
        Expression<Func<IEnumerable<string>>> list = () => values;
        Expression body = clause.Operator switch
        {
            FilterOperator.Equal => Expression.Equal(column.Body, parameter.Body),
            FilterOperator.NotEqual => Expression.NotEqual(column.Body, parameter.Body),
            FilterOperator.Like => db.Like(column.Body, value, ignoreCase: false),
            FilterOperator.ILike => db.Like(column.Body, value, ignoreCase: true),
            FilterOperator.In => Expression.Call(ContainsMethod, list.Body, column.Body),
            FilterOperator.NotIn => Expression.Not(Expression.Call(ContainsMethod, list.Body, column.Body)),
            _ => throw MlflowError.Invalid($"Invalid filter: '{clause.Key}' is a text; allowed are =, !=, LIKE, ILIKE, IN and NOT IN."),
        };
        return rows.Where(Expression.Lambda<Func<T, bool>>(body, column.Parameters));
    }

    /// <summary>Adds a comparison of a numeric column.</summary>
    public static IQueryable<T> WhereNumber<T>(this IQueryable<T> rows, Expression<Func<T, double?>> column, FilterClause clause)
    {
        if (!double.TryParse(clause.Values[0], NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            throw MlflowError.Invalid($"Invalid filter: '{clause.Key}' is compared with a number, not with '{clause.Values[0]}'.");
        }

        Expression<Func<double?>> parameter = () => value;
        var body = clause.Operator switch
        {
            FilterOperator.Equal => Expression.Equal(column.Body, parameter.Body),
            FilterOperator.NotEqual => Expression.NotEqual(column.Body, parameter.Body),
            FilterOperator.Less => Expression.LessThan(column.Body, parameter.Body),
            FilterOperator.LessOrEqual => Expression.LessThanOrEqual(column.Body, parameter.Body),
            FilterOperator.Greater => Expression.GreaterThan(column.Body, parameter.Body),
            FilterOperator.GreaterOrEqual => Expression.GreaterThanOrEqual(column.Body, parameter.Body),
            _ => throw MlflowError.Invalid($"Invalid filter: '{clause.Key}' is a number; allowed are =, !=, <, <=, > and >=."),
        };
        return rows.Where(Expression.Lambda<Func<T, bool>>(body, column.Parameters));
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
